"""Invitations: once, for a week, never above the inviter's own role, and silent about who has an account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import invitations, members, users
from appliance.domain.actor import Role
from appliance.domain.invitations import Issued, NewAccount, NewInvitation
from appliance.errors import Problem
from tests.world import PASSWORD, World

EVE = NewAccount("Eve", "long enough 1")


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    with world.control() as opened:
        yield opened


def invite(world: World, control: Database, email: str = "eve@x.test", role: Role = "operator") -> Issued:
    return invitations.invite(control, world.alice.actor, world.acme.id, NewInvitation(email, role))


def refused(code: str):  # type: ignore[no-untyped-def]
    return pytest.raises(Problem, check=lambda problem: problem.code == code)


def test_somebody_new_names_themselves_and_is_in(world: World, control: Database) -> None:
    issued = invite(world, control, " Eve@X.test ")
    made = invitations.accept(control, issued.token, EVE)
    assert (made.email, made.role) == ("eve@x.test", "operator")
    assert users.verify(control, "eve@x.test", EVE.password).name == "Eve"
    assert invitations.get(control, world.acme.id, issued.invitation.id).state == "accepted"


def test_it_works_once(world: World, control: Database) -> None:
    token = invite(world, control).token
    invitations.accept(control, token, EVE)
    with refused("expired"):
        invitations.accept(control, token, EVE)


def test_of_many_who_accept_at_once_one_is_in(world: World, control: Database) -> None:
    token = invite(world, control, "charlie@globex.test").token

    def join(_: int) -> str:
        with world.control() as own:
            try:
                return invitations.join(own, token, users.by_email(own, "charlie@globex.test")).role
            except Problem as problem:
                return problem.code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(join, range(6))) == ["expired"] * 5 + ["operator"]


def test_the_token_is_not_stored(world: World, control: Database) -> None:
    assert invite(world, control).token not in str(control.rows("SELECT * FROM invitations"))


def test_it_ends_after_a_week(world: World, control: Database) -> None:
    issued = invite(world, control)
    with clock.frozen(clock.now() + timedelta(days=7, seconds=1)):
        with refused("expired"):
            invitations.of_token(control, issued.token)
        assert invitations.get(control, world.acme.id, issued.invitation.id).state == "expired"


def test_sending_again_ends_the_first_link_and_begins_another_week(world: World, control: Database) -> None:
    first = invite(world, control)
    with clock.frozen(clock.now() + timedelta(days=10)):
        again = invitations.resend(control, world.alice.actor, world.acme.id, first.invitation.id)
        assert again.invitation.state == "open"
        with refused("expired"):
            invitations.of_token(control, first.token)
        assert invitations.accept(control, again.token, EVE).email == "eve@x.test"
    with refused("conflict"):
        invitations.resend(control, world.alice.actor, world.acme.id, first.invitation.id)


def test_a_revoked_one_opens_nothing(world: World, control: Database) -> None:
    issued = invite(world, control)
    for _ in range(2):
        invitations.revoke(control, world.alice.actor, world.acme.id, issued.invitation.id)
    with refused("expired"):
        invitations.accept(control, issued.token, EVE)


@pytest.mark.parametrize("role", ["admin", "owner"])
def test_nobody_invites_above_their_own_role(world: World, control: Database, role: Role) -> None:
    with refused("forbidden"):
        invitations.invite(control, world.otto.actor, world.acme.id, NewInvitation("eve@x.test", role))


def test_an_admin_can_not_send_an_owners_invitation_again(world: World, control: Database) -> None:
    issued = invite(world, control, role="owner")
    admin = members.change_role(control, world.alice.actor, world.acme.id, world.otto.member.id, "admin")
    for act in (invitations.resend, invitations.revoke):
        with refused("forbidden"):
            act(control, admin.actor, world.acme.id, issued.invitation.id)


def test_it_ends_when_the_inviter_may_not_give_that_role_any_more(world: World, control: Database) -> None:
    admin = members.change_role(control, world.alice.actor, world.acme.id, world.otto.member.id, "admin")
    token = invitations.invite(control, admin.actor, world.acme.id, NewInvitation("eve@x.test", "admin")).token
    assert invitations.of_token(control, token)
    members.change_role(control, world.alice.actor, world.acme.id, world.otto.member.id, "operator")
    with refused("expired"):
        invitations.accept(control, token, EVE)


def test_a_known_and_an_unknown_address_look_the_same(world: World, control: Database) -> None:
    known, unknown = (invite(world, control, email).invitation for email in ("charlie@globex.test", "nobody@x.test"))
    assert (known.state, known.role, known.mailed) == (unknown.state, unknown.role, unknown.mailed)


def test_somebody_with_an_account_joins_signed_in_and_nothing_of_it_changes(world: World, control: Database) -> None:
    token = invite(world, control, "charlie@globex.test", "viewer").token
    with refused("conflict"):
        invitations.accept(control, token, EVE)
    assert users.verify(control, "charlie@globex.test", PASSWORD)
    with refused("forbidden"):
        invitations.join(control, token, users.by_email(control, "bob@acme.test"))
    assert invitations.join(control, token, users.by_email(control, "charlie@globex.test")).role == "viewer"


@pytest.mark.parametrize("email", ["bob@acme.test", "BOB@acme.test", "eve@x.test", "no address"])
def test_members_invited_ones_and_nonsense_are_told_beside_the_field(
    world: World, control: Database, email: str
) -> None:
    invite(world, control)
    with pytest.raises(Problem) as caught:
        invite(world, control, email)
    assert "email" in caught.value.errors


def test_a_short_password_makes_nobody(world: World, control: Database) -> None:
    token = invite(world, control).token
    with pytest.raises(Problem) as caught:
        invitations.accept(control, token, NewAccount("Eve", "short"))
    assert set(caught.value.errors) == {"password"}
    assert invitations.accept(control, token, EVE)


def test_charlie_sees_and_changes_none_of_acme(world: World, control: Database) -> None:
    issued = invite(world, control)
    assert invitations.page(control, world.globex.id, 10).items == []
    for act in (invitations.resend, invitations.revoke):
        with refused("not_found"):
            act(control, world.charlie.actor, world.globex.id, issued.invitation.id)


def test_the_list_is_paged_newest_first(world: World, control: Database) -> None:
    for n in range(3):
        invite(world, control, f"p{n}@x.test")
    first = invitations.page(control, world.acme.id, 2)
    rest = invitations.page(control, world.acme.id, 2, first.next_cursor or "")
    assert [one.email for one in first.items + rest.items] == ["p2@x.test", "p1@x.test", "p0@x.test"]
