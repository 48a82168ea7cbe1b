"""The life of a tenant: every move, every refusal."""

from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import audit, box_owners, members, setup, tenant_gate, tenant_life, tenant_purge, tenants, users
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from tests.world import World

OWNER = Actor("member", "o", "Olga", "owner")


def initech(world: World) -> str:
    """A third tenant, which may go for good."""
    with world.control() as control:
        found = [tenant.id for tenant in tenants.every(control) if tenant.slug == "initech"]
        found = found or [row["tenant_id"] for row in control.rows("SELECT tenant_id FROM purges")]
        return found[0] if found else tenants.create(world.catalogue, control, world.vault, "initech", "Initech").id


def put(world: World, control: Database, state: str) -> Tenant:
    """Initech, moved to a state by the verbs that lead there."""
    one = initech(world)
    if state in ("suspended", "left"):
        tenant_life.suspend(control, OWNER, one, "unpaid")
    if state in ("grace", "trash", "purged", "left"):
        tenant_life.delete(control, OWNER, one, "initech")
    if state in ("trash", "purged"):
        tenant_life.trash(control, SYSTEM, one)
    if state == "purged":
        tenant_purge.purge(world.catalogue, control, world.vault, OWNER, one, "initech")
    return tenants.by_id(control, one)


def moved(world: World, control: Database, verb: str) -> Tenant:
    one = initech(world)
    match verb:
        case "suspend":
            return tenant_life.suspend(control, OWNER, one, "unpaid")
        case "resume":
            return tenant_life.resume(control, OWNER, one)
        case "delete":
            return tenant_life.delete(control, OWNER, one, "initech")
        case "undelete":
            return tenant_life.undelete(control, OWNER, one)
        case _:
            tenant_purge.purge(world.catalogue, control, world.vault, OWNER, one, "initech")
            return tenants.by_id(control, one)


# Where each verb leads from each state; None where it is refused.
MOVES = {
    "active": {"suspend": "suspended", "resume": "active", "delete": "grace", "undelete": "active", "purge": None},
    "suspended": {
        "suspend": "suspended",
        "resume": "active",
        "delete": "grace",
        "undelete": "suspended",
        "purge": None,
    },
    "grace": {"suspend": None, "resume": None, "delete": "grace", "undelete": "active", "purge": "purged"},
    "trash": {"suspend": None, "resume": None, "delete": "trash", "undelete": "active", "purge": "purged"},
    "purged": {"suspend": None, "resume": None, "delete": None, "undelete": None, "purge": "purged"},
}
CELLS = [(state, verb, to) for state, row in MOVES.items() for verb, to in row.items()]


@pytest.mark.parametrize(("state", "verb", "to"), CELLS)
def test_each_verb_in_each_state(world: World, state: str, verb: str, to: str | None) -> None:
    with world.control() as control:
        put(world, control, state)
        before = audit.entries(control, initech(world)).items
        if to is None:
            with pytest.raises(Problem) as caught:
                moved(world, control, verb)
            assert caught.value.code == "conflict"
        else:
            assert moved(world, control, verb).state == to
        entries = audit.entries(control, initech(world)).items

    changed = to not in (None, state)
    assert len(entries) == len(before) + changed
    assert not changed or entries[0].actor == "member:o"


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
@pytest.mark.parametrize("verb", ["suspend", "resume", "delete", "undelete", "purge"])
def test_only_an_owner_of_the_box_moves_a_tenant(world: World, verb: str, role: str) -> None:
    lesser = Actor("member", "x", "X", role)  # type: ignore[arg-type]
    calls = {
        "suspend": lambda c: tenant_life.suspend(c, lesser, initech(world)),
        "resume": lambda c: tenant_life.resume(c, lesser, initech(world)),
        "delete": lambda c: tenant_life.delete(c, lesser, initech(world), "initech"),
        "undelete": lambda c: tenant_life.undelete(c, lesser, initech(world)),
        "purge": lambda c: tenant_purge.purge(world.catalogue, c, world.vault, lesser, initech(world), "initech"),
    }
    with world.control() as control, pytest.raises(Problem) as caught:
        calls[verb](control)
    assert caught.value.code == "forbidden"


def test_a_tenant_that_was_suspended_comes_back_suspended(world: World) -> None:
    with world.control() as control:
        put(world, control, "left")
        back = tenant_life.undelete(control, OWNER, initech(world))

        assert (back.state, back.suspended_reason, back.state_until) == ("suspended", "unpaid", None)
        assert tenant_life.resume(control, OWNER, initech(world)).suspended_reason == ""


def test_suspending_again_changes_the_reason(world: World) -> None:
    with world.control() as control:
        put(world, control, "suspended")

        assert tenant_life.suspend(control, OWNER, initech(world), "abuse").suspended_reason == "abuse"
        with pytest.raises(Problem) as caught:
            tenant_life.suspend(control, OWNER, initech(world), "x" * 301)
        assert "reason" in caught.value.errors


@pytest.mark.parametrize("typed", ["", "globe", "Initech", "acme"])
def test_deleting_and_purging_ask_for_the_name(world: World, typed: str) -> None:
    with world.control() as control:
        with pytest.raises(Problem) as caught:
            tenant_life.delete(control, OWNER, initech(world), typed)
        assert caught.value.errors == {"confirm": "type initech to confirm"}

        put(world, control, "grace")
        with pytest.raises(Problem) as caught:
            tenant_purge.purge(world.catalogue, control, world.vault, OWNER, initech(world), typed)
        assert "confirm" in caught.value.errors
        assert tenants.by_id(control, initech(world)).state == "grace"


def test_the_last_active_tenant_of_the_owners_of_the_box_stays(world: World) -> None:
    with world.control() as control:
        for refused in (
            lambda: tenant_life.suspend(control, OWNER, world.acme.id),
            lambda: tenant_life.delete(control, OWNER, world.acme.id, "acme"),
        ):
            with pytest.raises(Problem, match="the last active tenant that an owner of the box has"):
                refused()
        members.join(control, SYSTEM, world.globex.id, world.alice.member.id, "owner")

        assert tenant_life.suspend(control, OWNER, world.acme.id).state == "suspended"
        with pytest.raises(Problem, match="the last active tenant"):
            tenant_life.suspend(control, OWNER, world.globex.id)
        assert setup.has_owner(control)


def test_a_second_owner_of_the_box_with_a_tenant_lets_the_first_go(world: World) -> None:
    with world.control() as control:
        box_owners.appoint(control, SYSTEM, world.charlie.member.id)
        users.disable(control, SYSTEM, world.otto.member.id)

        assert tenant_life.delete(control, OWNER, world.acme.id, "acme").state == "grace"


def test_time_moves_a_deleted_tenant_on(world: World) -> None:
    start = clock.now()

    def after(days: float) -> str:
        with clock.frozen(start + timedelta(days=days)):
            tenant_purge.due(world.catalogue, control, world.vault)
            return tenants.by_id(control, initech(world)).state

    with world.control() as control, clock.frozen(start):
        put(world, control, "grace")

        assert [after(day) for day in (29.9, 30, 30.1, 36.9, 37.1)] == ["grace", "trash", "trash", "trash", "purged"]
        [gone] = tenant_purge.evidence(control).items
        assert gone.asked_by == "member:o"


def test_undeleting_begins_the_grace_anew(world: World) -> None:
    start = clock.now()
    with world.control() as control, clock.frozen(start):
        put(world, control, "trash")
        tenant_life.undelete(control, OWNER, initech(world))
        with clock.frozen(start + timedelta(days=90)):
            assert tenant_purge.due(world.catalogue, control, world.vault) == 0
            again = tenant_life.delete(control, OWNER, initech(world), "initech")
            assert again.state_until and again.state_until > clock.ahead(29 * 86400)


def test_what_people_are_told(world: World) -> None:
    said = []
    with world.control() as control:
        for state in ("suspended", "grace", "trash"):
            with pytest.raises(Problem) as caught:
                tenant_gate.check(put(world, control, state), world.bob.actor, reads=True)
            said.append((caught.value.code, caught.value.status))
            tenant_life.undelete(control, OWNER, initech(world))
            tenant_life.resume(control, OWNER, initech(world))
    assert said == [("suspended", 403), ("deleting", 403), ("deleted", 410)]
