"""A purged tenant leaves a row that proves it and nothing else; a kill in between is made good."""

import re
from pathlib import Path

import pytest

from appliance.db import migrate
from appliance.db.database import Database
from appliance.domain import audit, keys, members, tasks, tenant_life, tenant_purge, tenants
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.key_forms import NewKey
from appliance.domain.task_forms import NewTask
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from tests.world import World

OWNER = Actor("member", "o", "Olga", "owner")
SENTINEL = "XYZZY-canary-4711"


class Killed(BaseException):
    """kill -9."""


@pytest.fixture
def leaving(world: World) -> Tenant:
    """A deleted tenant with a member, a key, a task and a file, all of which say the sentinel."""
    with world.control() as control:
        made = tenants.create(world.catalogue, control, world.vault, "initech", "Initech")
        members.join(control, SYSTEM, made.id, world.bob.member.id, "owner")
        keys.create(control, OWNER, made.id, NewKey(name="ci"))
        with world.db(made) as db:
            tasks.create(db, OWNER, NewTask(SENTINEL, body=SENTINEL * 400))
        (world.catalogue.files(made.id) / "notes.txt").write_text(SENTINEL)
        return tenant_life.delete(control, OWNER, made.id, "initech")


def purge(world: World, control: Database, tenant: Tenant) -> tenant_purge.Evidence:
    return tenant_purge.purge(world.catalogue, control, world.vault, OWNER, tenant.id, "initech")


def on_disk(folder: Path, *texts: str) -> list[str]:
    """Files below the folder that hold one of the texts."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and any(text.encode() in path.read_bytes() for text in texts):
            found.append(path.name)
    return found


def test_no_byte_of_a_purged_tenant_stays_on_disk(world: World, leaving: Tenant) -> None:
    with world.control() as control:
        wrapped = tenants.wrapped_key(control, leaving.id)
        assert on_disk(world.catalogue.folder, SENTINEL)
        purge(world, control, leaving)

        assert on_disk(world.catalogue.folder, SENTINEL, wrapped) == []
        assert not world.catalogue.exists(leaving.id)
        assert tenants.wrapped_key(control, leaving.id) == ""
        for table in tenant_purge.GONE:
            assert control.rows(f"SELECT * FROM {table} WHERE tenant_id = :id", {"id": leaving.id}) == []
    with pytest.raises(Problem):
        world.vault.seal(leaving.id, "a", "s")


def test_the_evidence_says_who_when_and_how_much_but_not_what(world: World, leaving: Tenant) -> None:
    with world.control() as control:
        said = purge(world, control, leaving)
        rows = control.rows("SELECT * FROM purges")

        assert (said.slug, said.asked_by, said.files) == ("initech", "member:o", 1)
        assert said.counts["tasks"] == 1 and said.counts["events"] > 0
        assert said.bytes == len(SENTINEL) and len(said.digest) == 64 and said.done_at
        assert SENTINEL not in str(rows)
        assert audit.entries(control, leaving.id).items[0].action == "tenant.purged"
        assert purge(world, control, leaving) == said


def test_its_name_is_free_and_nobody_finds_it(world: World, leaving: Tenant) -> None:
    with world.control() as control:
        purge(world, control, leaving)

        assert leaving.id not in [tenant.id for tenant in tenants.every(control)]
        assert [tenant.slug for tenant in tenants.of_user(control, world.bob.member.id)] == ["acme"]
        again = tenants.create(world.catalogue, control, world.vault, "initech", "Initech again")
        assert again.id != leaving.id


@pytest.mark.parametrize("step", ["overwrite_deleted", "discard", "shred_deleted"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_between_two_steps_is_made_good(
    world: World, leaving: Tenant, step: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.control() as control, monkeypatch.context() as patch:
        owner = world.catalogue if step == "discard" else control
        real = getattr(owner, step)

        def dies(*given: object) -> None:
            if after:
                real(*given)
            raise Killed

        patch.setattr(owner, step, dies)
        with pytest.raises(Killed):
            purge(world, control, leaving)
    with world.control() as control:
        began = tenants.by_id(control, leaving.id).state
        # Before the key is gone nothing happened; from then on the box finishes by itself.
        assert began == ("grace" if step == "overwrite_deleted" else "purged")
        if began == "grace":
            purge(world, control, leaving)
        else:
            tenant_purge.due(world.catalogue, control, world.vault)
        assert [one.done_at is not None for one in tenant_purge.evidence(control).items] == [True]
        assert on_disk(world.catalogue.folder, SENTINEL) == []
        assert tenant_purge.due(world.catalogue, control, world.vault) == 0


def test_one_that_comes_back_meanwhile_is_not_purged(world: World, leaving: Tenant) -> None:
    with world.control() as control:
        stale = tenants.by_id(control, leaving.id)
        tenant_life.undelete(control, OWNER, leaving.id)
        with pytest.raises(Problem, match="changed meanwhile"):
            tenant_purge.carry_out(world.catalogue, control, world.vault, OWNER, stale)
        assert world.catalogue.exists(leaving.id)
        assert tenants.wrapped_key(control, leaving.id)


def test_a_tenant_whose_database_is_missing_can_be_purged(world: World, leaving: Tenant) -> None:
    world.catalogue.discard(leaving.id)
    with world.control() as control:
        said = purge(world, control, leaving)
    assert (said.counts, said.files) == ({}, 0)


def test_every_table_with_rows_of_tenants_says_whether_they_go(world: World) -> None:
    with world.control() as control:
        for table in tenant_purge.GONE + tenant_purge.KEPT:
            control.rows(f"SELECT tenant_id FROM {table} LIMIT 1")
    made = [s for m in migrate.migrations("control") for s in m.statements if "tenant_id" in s]
    found = [name for s in made for name in re.findall(r"^CREATE TABLE (\w+)", s)]
    assert set(found) <= {*tenant_purge.GONE, *tenant_purge.KEPT}
