"""People and their roles; sessions, keys, tenants and the throttle stand in the files of their nouns."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from appliance.db.database import Database
from appliance.domain import box_owners, members, sessions, users
from appliance.domain.actor import Role
from appliance.domain.members import NewMember
from appliance.errors import Problem
from tests.world import PASSWORD, World

Act = Callable[[World, Database, str], None]


@pytest.mark.parametrize("email", ["alice@acme.test", " ALICE@acme.TEST "])
def test_the_right_password_proves_who(world: World, email: str) -> None:
    with world.control() as control:
        assert users.verify(control, email, PASSWORD).name == "Alice"


@pytest.mark.parametrize(("email", "password"), [("alice@acme.test", "no"), ("nobody@x.test", PASSWORD), ("", "")])
def test_anything_else_is_the_same_refusal(world: World, email: str, password: str) -> None:
    with world.control() as control, pytest.raises(Problem) as caught:
        users.verify(control, email, password)
    assert (caught.value.code, caught.value.detail) == ("bad_credentials", "E-mail or password is wrong.")


def test_passwords_are_hashed(world: World) -> None:
    with world.control() as control:
        stored = control.rows("SELECT password FROM users")
    assert all(row["password"].startswith("$argon2id$") for row in stored)


def test_every_fault_of_a_new_person_is_named(world: World) -> None:
    with world.control() as control, pytest.raises(Problem) as caught:
        users.create(control, world.alice.actor, "no address", " ", "short")
    assert set(caught.value.errors) == {"email", "name", "password"}


def test_a_known_person_joins_without_a_new_password(world: World) -> None:
    with world.control() as control:
        member = members.add(control, world.charlie.actor, world.globex.id, NewMember("alice@acme.test", "viewer"))
        assert (member.name, member.role) == ("Alice", "viewer")
        assert users.verify(control, "alice@acme.test", PASSWORD)


@pytest.mark.parametrize("role", ["admin", "owner"])
def test_nobody_gives_more_than_they_have(world: World, role: Role) -> None:
    new = NewMember("x@acme.test", role, "X", "long enough 1")
    with world.control() as control, pytest.raises(Problem, match="can't make anybody"):
        members.add(control, world.otto.actor, world.acme.id, new)


def test_an_admin_can_not_touch_an_owner(world: World) -> None:
    with world.control() as control:
        admin = members.change_role(control, world.alice.actor, world.acme.id, world.otto.member.id, "admin")
        with pytest.raises(Problem, match="Alice is owner"):
            members.remove(control, admin.actor, world.acme.id, world.alice.member.id)
        with pytest.raises(Problem, match="Alice is owner"):
            members.reset_password(control, admin.actor, world.acme.id, world.alice.member.id, "long enough 1")


def test_the_last_owner_is_protected(world: World) -> None:
    alice = world.alice
    with world.control() as control:
        for act in (
            lambda: members.remove(control, alice.actor, world.acme.id, alice.member.id),
            lambda: members.change_role(control, alice.actor, world.acme.id, alice.member.id, "admin"),
            lambda: users.disable(control, alice.actor, alice.member.id),
        ):
            with pytest.raises(Problem, match="last owner"):
                act()


def _demote(world: World, control: Database, user_id: str) -> None:
    members.change_role(control, world.alice.actor, world.acme.id, user_id, "admin")


def _remove(world: World, control: Database, user_id: str) -> None:
    members.remove(control, world.alice.actor, world.acme.id, user_id)


def _leave(world: World, control: Database, user_id: str) -> None:
    members.leave(control, world.alice.actor, world.acme.id, user_id)


def _disable(world: World, control: Database, user_id: str) -> None:
    users.disable(control, world.alice.actor, user_id)


@pytest.mark.parametrize("second", [_demote, _remove, _leave, _disable])
@pytest.mark.parametrize("first", [_demote, _leave])
def test_two_owners_who_stop_at_once_leave_one(world: World, first: Act, second: Act) -> None:
    with world.control() as control:
        members.change_role(control, world.alice.actor, world.acme.id, world.otto.member.id, "owner")
        box_owners.appoint(control, world.alice.actor, world.charlie.member.id)
    together = Barrier(2)

    def stop(act: Act, user_id: str) -> str:
        with world.control() as own:
            together.wait(10)
            try:
                act(world, own, user_id)
            except Problem as problem:
                return problem.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(stop, (first, second), (world.alice.member.id, world.otto.member.id)))
    assert ends == ["conflict", "done"]
    with world.control() as control:
        owners = [m for m in members.every(control, world.acme.id) if m.role == "owner" and not m.disabled]
    assert len(owners) == 1


def test_a_person_leaves_and_the_last_owner_can_not(world: World) -> None:
    with world.control() as control:
        members.leave(control, world.bob.actor, world.acme.id, world.bob.member.id)
        with pytest.raises(Problem, match="last owner"):
            members.leave(control, world.alice.actor, world.acme.id, world.alice.member.id)
        assert [m.name for m in members.every(control, world.acme.id)] == ["Alice", "Otto"]
        assert users.verify(control, "bob@acme.test", PASSWORD)


def test_an_enabled_person_signs_in_again(world: World) -> None:
    with world.control() as control:
        users.disable(control, world.alice.actor, world.bob.member.id)
        users.enable(control, world.alice.actor, world.bob.member.id)
        assert users.verify(control, "bob@acme.test", PASSWORD)


def test_a_person_of_two_tenants_keeps_their_password(world: World) -> None:
    with world.control() as control:
        members.join(control, world.charlie.actor, world.globex.id, world.bob.member.id, "viewer")
        with pytest.raises(Problem, match="other tenants"):
            members.reset_password(control, world.charlie.actor, world.globex.id, world.bob.member.id, "long enough 1")


def test_a_reset_password_ends_the_sessions(world: World) -> None:
    with world.control() as control:
        members.reset_password(control, world.alice.actor, world.acme.id, world.bob.member.id, "long enough 1")
        assert sessions.of_user(control, world.bob.member.id) == []
        assert users.verify(control, "bob@acme.test", "long enough 1")


def test_charlie_is_no_member_of_acme(world: World) -> None:
    with world.control() as control, pytest.raises(Problem) as caught:
        members.change_role(control, world.alice.actor, world.acme.id, world.charlie.member.id, "viewer")
    assert caught.value.code == "not_found"
