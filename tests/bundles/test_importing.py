"""A bundle becomes a tenant of its own: whole or not at all, and careful about what may have happened meanwhile."""

import io
import random
from pathlib import Path

import msgspec
import pytest

from appliance import bundles, clock, redaction
from appliance.bundles import Wish
from appliance.domain import agents, chain, comments, members, provider_secrets, providers, tasks, users
from appliance.domain.actor import SYSTEM
from appliance.domain.notices import channels
from appliance.domain.provider_forms import NewProvider
from appliance.domain.schedules import rows as schedules
from appliance.domain.workspace import of_task
from appliance.errors import Problem
from tests.bundles.bringing import KEY, bring, folders, slugs
from tests.bundles.filling import fill, put_files
from tests.bundles.forging import Forged
from tests.bundles.packing import new_box, packed
from tests.domain.waking import Office
from tests.world import World, vault_of

PHRASE = "nine apples in a box"


def test_the_work_is_there_under_another_slug_and_id(world: World, office: Office) -> None:
    made = bring(world, packed(world.catalogue, world.acme.id))

    assert (made.tenant.slug, made.tenant.name, made.tenant.state) == ("acme-test", "Acme", "active")
    assert made.tenant.id != world.acme.id
    with world.db(made.tenant) as db:
        task = tasks.get(db, "1")
        assert {agent.slug for agent in agents.all(db)} >= {"ada", "ben"}
        assert of_task(world.catalogue.files(made.tenant.id), task.id).read("deep/notes.md") == b"# Notes"
        assert chain.verify(db).fault == ""


def test_it_is_as_after_a_restore(world: World, office: Office) -> None:
    made = bring(world, packed(world.catalogue, world.acme.id))

    assert (made.restored.leases, made.restored.schedules) == (1, 1)
    with world.db(made.tenant) as db:
        assert [found.state for found in schedules.listing(db).items] == ["disarmed"]
        assert not db.rows("SELECT id FROM runs WHERE state = 'running'")


def test_secrets_stay_behind_and_are_named(world: World, office: Office) -> None:
    content = packed(world.catalogue, world.acme.id, world.vault)
    made = bring(world, content)

    assert KEY.encode() not in b"".join(part for _, part in Forged(content).members)
    assert [(one.what, one.names) for one in made.report.left_out if one.names] == [
        ("notice_channels.secret", ["ntfy acme"]),
        ("providers.secret", ["Real"]),
    ]
    with world.db(made.tenant) as db:
        [account] = [one for one in providers.all(db) if one.name == "Real"]
        assert provider_secrets.opened(db, world.vault, account.id) == ""


def test_with_a_passphrase_secrets_come_along(world: World, office: Office) -> None:
    content = packed(world.catalogue, world.acme.id, world.vault, passphrase=PHRASE)
    made = bring(world, content, passphrase=PHRASE)

    with world.db(made.tenant) as db:
        [account] = [one for one in providers.all(db) if one.name == "Real"]
        [channel] = channels.every(db)
        assert provider_secrets.opened(db, world.vault, account.id) == KEY
        assert channels.opened(db, world.vault, channel.id) == "tk_channelsecret1234"


@pytest.mark.parametrize("phrase", ["", "another apple in a box"])
def test_without_the_right_passphrase_nothing_is_imported(world: World, office: Office, phrase: str) -> None:
    content = packed(world.catalogue, world.acme.id, world.vault, passphrase=PHRASE)

    with pytest.raises(Problem, match="passphrase"):
        bring(world, content, passphrase=phrase)
    assert slugs(world) == ["acme", "globex"]


def test_a_secret_moved_to_another_row_does_not_open(world: World, office: Office) -> None:
    with world.db() as db:
        other = NewProvider("Other", "openai", secret=KEY + "2", models=["m"])
        providers.add(db, world.alice.actor, world.vault, other)
    forged = Forged(packed(world.catalogue, world.acme.id, world.vault, passphrase=PHRASE))
    place = forged.columns("providers").index("secret")
    forged.rows("providers", lambda rows: rows[-1].__setitem__(place, rows[-2][place]))

    with pytest.raises(Problem, match="does not open"):
        bring(world, forged.pack(), passphrase=PHRASE)


def test_a_secret_that_somebody_pasted_is_taken_out(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that was pasted before it was known, and in a process that has not opened it yet."""
    with world.db() as db:
        task = office.task("Leak")
        monkeypatch.setattr(redaction, "_spellings", {})
        comments.add(db, world.alice.actor, task.id, f"use {KEY}")
        of_task(world.catalogue.files(world.acme.id), task.id).write("env", f"KEY={KEY}".encode())

    content = b"".join(part for _, part in Forged(packed(world.catalogue, world.acme.id, world.vault)).members)

    assert KEY.encode() not in content
    assert b"use [secret]" in content
    assert b"KEY=[secret]" in content


def test_the_same_data_gives_the_same_bytes(world: World, office: Office) -> None:
    with clock.frozen(clock.now()):
        first = packed(world.catalogue, world.acme.id)
        assert packed(world.catalogue, world.acme.id) == first


def test_a_bundle_does_not_hold_an_earlier_one(world: World, office: Office) -> None:
    first = packed(world.catalogue, world.acme.id)
    bring(world, first, "one")
    second = packed(world.catalogue, world.acme.id)

    assert [name for name, _ in Forged(second).members] == [name for name, _ in Forged(first).members]


def test_nothing_in_a_bundle_names_the_tenant_by_its_id(world: World, office: Office) -> None:
    content = Forged(packed(world.catalogue, world.acme.id)).tar()

    assert world.acme.id.encode() not in content
    assert world.globex.id.encode() not in content


def test_an_export_is_of_one_moment_while_others_write(world: World, office: Office) -> None:
    class Meanwhile(io.BytesIO):
        """Whoever takes the bytes is slow, and somebody works on."""

        def write(self, content: object) -> int:
            with world.db() as db:
                db.insert("told", {"name": f"meanwhile {self.tell()}", "value": ""})
            return super().write(content)  # type: ignore[arg-type]

    out = Meanwhile()
    with world.db() as db:
        db.insert_all("told", [{"name": f"{n:06} {random.random()}", "value": ""} for n in range(50_000)])
    bundles.write(world.catalogue, world.acme.id, out)

    assert bundles.check(io.BytesIO(out.getvalue())).rows["told"] == 50_000
    with world.db() as db:
        assert int(db.value("SELECT COUNT(*) AS n FROM told")) > 50_000


def test_it_goes_to_a_box_with_another_database_and_back(world: World, office: Office, tmp_path: Path) -> None:
    other = new_box(tmp_path / "other")
    content = packed(world.catalogue, world.acme.id)
    wish = Wish("visitor")

    there = bundles.read(other, vault_of(other), io.BytesIO(content), wish, SYSTEM)
    back = packed(other, there.tenant.id)
    other.close()
    bring(world, back, "returned")

    changed = {"runs", "schedules", "events", "counters", "preferences", "notices"}
    same = {name: part for name, part in Forged(content).members if name.split("/")[1:2] and name[:5] == "rows/"}
    returned = dict(Forged(back).members)
    assert [
        name for name, part in same.items() if returned.get(name) != part and name.split("/")[1] not in changed
    ] == []


def test_every_table_survives_an_import(world: World) -> None:
    with world.db() as db:
        fill(db, seed=7)
        db.execute("DELETE FROM preferences")
        put_files(db, world.catalogue.files(world.acme.id))
    found = Forged(packed(world.catalogue, world.acme.id))

    report = bundles.check(io.BytesIO(found.pack()))

    assert set(report.rows) == set(msgspec.json.decode(found.get("manifest.json"))["tables"])
    assert report.files == 5


def test_people_come_as_references_and_get_no_way_in(world: World, office: Office) -> None:
    made = bring(world, packed(world.catalogue, world.acme.id))

    assert (made.joined, len(made.strangers)) == ([], 3)
    with world.control() as control:
        assert members.every(control, made.tenant.id) == []


def test_people_of_this_box_get_a_way_in_when_asked_for(world: World, office: Office) -> None:
    made = bring(world, packed(world.catalogue, world.acme.id), people=True)

    with world.control() as control:
        assert [(m.name, m.role) for m in members.every(control, made.tenant.id)] == [
            ("Alice", "owner"),
            ("Bob", "viewer"),
            ("Otto", "operator"),
        ]


def test_people_who_are_new_to_the_box_are_disabled_and_an_address_alone_is_nobody(
    world: World, office: Office, tmp_path: Path
) -> None:
    other = new_box(tmp_path / "other")
    with other.control() as control:
        control.execute("DELETE FROM sessions")
        control.execute("DELETE FROM memberships WHERE user_id = (SELECT id FROM users WHERE name = 'Bob')")
        control.delete("users", name="Bob")
    content = packed(world.catalogue, world.acme.id)

    made = bundles.read(other, vault_of(other), io.BytesIO(content), Wish("visitor", people=True), SYSTEM)

    assert (made.joined, made.strangers) == (["bob@acme.test"], ["alice@acme.test", "otto@acme.test"])
    with other.control() as control:
        assert users.by_email(control, "bob@acme.test").disabled
        with pytest.raises(Problem):
            users.verify(control, "bob@acme.test", "-")
    other.close()


def test_an_owner_of_this_box_gets_a_way_in(world: World, office: Office) -> None:
    content = packed(world.catalogue, world.acme.id)
    made = bring(world, content, owner=" Otto@acme.test", people=True)

    assert (made.joined, made.strangers) == (["otto@acme.test", "alice@acme.test", "bob@acme.test"], [])
    with world.control() as control:
        assert {m.name: m.role for m in members.every(control, made.tenant.id)} == {
            "Alice": "owner",
            "Bob": "viewer",
            "Otto": "owner",
        }
    with pytest.raises(Problem) as caught:
        bring(world, b"no bundle at all", "other", owner="no@body.test")
    assert list(caught.value.errors) == ["owner"]


def test_a_plan_that_this_box_has_not_becomes_the_usual_one_with_a_note(world: World, office: Office) -> None:
    forged = Forged(packed(world.catalogue, world.acme.id))
    forged.manifest(lambda said: said["tenant"].update(plan="gold"))
    made = bring(world, forged.pack())

    assert made.tenant.plan == "enterprise"
    assert made.report.notes == ["There is no plan gold on this box, so the tenant is on enterprise."]
    with world.db(made.tenant) as db:
        assert db.bounds.plan == "enterprise"

    taken = bring(world, forged.pack(), "other", plan="growth")
    assert (taken.tenant.plan, taken.report.notes) == ("growth", [])
    with pytest.raises(Problem, match="there is no plan gold; there are free, starter, growth, enterprise"):
        bring(world, b"no bundle at all", "third", plan="gold")


def test_a_slug_that_is_taken_or_bad_is_refused_first(world: World) -> None:
    for slug, code in (("acme", "duplicate"), ("../x", "invalid")):
        with pytest.raises(Problem) as caught:
            bring(world, b"no bundle at all", slug)
        assert caught.value.code == code


def test_what_only_the_database_knows_undoes_the_whole_import(world: World, office: Office) -> None:
    office.task("Another")
    forged = Forged(packed(world.catalogue, world.acme.id))
    place = forged.columns("tasks").index("number")
    forged.rows("tasks", lambda rows: [row.__setitem__(place, 1) for row in rows])

    with pytest.raises(Problem, match="two rows have what only one may have"):
        bring(world, forged.pack())

    assert slugs(world) == ["acme", "globex"]
    assert folders(world) <= {world.acme.id, world.globex.id}
    with world.control() as control:
        assert not control.rows("SELECT name FROM box WHERE name LIKE 'import:%'")
    assert bring(world, packed(world.catalogue, world.acme.id)).tenant.slug == "acme-test"


def test_a_file_below_a_file_undoes_the_whole_import(world: World, sound: bytes) -> None:
    forged = Forged(sound)
    for name in forged.names("files/"):
        forged.put(name, forged.get(name).replace(b"/deep/", b"/notes.md/"))

    with pytest.raises(Problem, match="can't be stored"):
        bring(world, forged.pack())
    assert slugs(world) == ["acme", "globex"]


def test_rows_that_make_no_sense_undo_the_whole_import(world: World, sound: bytes) -> None:
    forged = Forged(sound)
    forged.rows("attempts", lambda rows: rows.clear())
    forged.rows("adjustments", lambda rows: rows.clear())
    forged.rows("calls", lambda rows: rows.clear())

    with pytest.raises(Problem, match="makes no sense"):
        bring(world, forged.pack())
    assert slugs(world) == ["acme", "globex"]


def test_one_import_at_a_time(world: World, office: Office) -> None:
    content = packed(world.catalogue, world.acme.id)
    with bundles.importing.alone(world.catalogue), pytest.raises(Problem, match="Another bundle is being imported"):
        bring(world, content)
