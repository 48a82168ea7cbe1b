"""Links to a new password."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import box_owners, members, password_links, passwords, sessions, users
from appliance.errors import Problem
from tests.world import PASSWORD, World

NEW = "another long one"


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    with world.control() as opened:
        yield opened


def link(control: Database, email: str = "bob@acme.test") -> str:
    found = password_links.for_email(control, email)
    assert found
    return found[1]


def test_it_sets_the_password_once_and_ends_the_sessions(world: World, control: Database) -> None:
    token = link(control)
    assert password_links.use(control, token, NEW).name == "Bob"
    assert users.verify(control, "bob@acme.test", NEW)
    assert sessions.of_user(control, world.bob.member.id) == []
    with pytest.raises(Problem, match="not valid any more"):
        password_links.use(control, token, PASSWORD)


def test_it_ends_after_half_an_hour(control: Database) -> None:
    token = link(control)
    with clock.frozen(clock.now() + timedelta(minutes=30, seconds=1)), pytest.raises(Problem, match="not valid"):
        password_links.use(control, token, NEW)


def test_a_second_one_ends_the_first(control: Database) -> None:
    first, second = link(control), link(control)
    with pytest.raises(Problem):
        password_links.user_of(control, first)
    assert password_links.user_of(control, second).name == "Bob"


def test_a_short_password_leaves_the_link(control: Database) -> None:
    token = link(control)
    with pytest.raises(Problem) as caught:
        password_links.use(control, token, "short")
    assert "password" in caught.value.errors
    assert password_links.use(control, token, NEW)


def test_the_token_is_not_stored(control: Database) -> None:
    assert link(control) not in str(control.rows("SELECT * FROM password_links"))


def test_nobody_gets_one_for_an_unknown_or_a_disabled_person(world: World, control: Database) -> None:
    users.disable(control, world.alice.actor, world.bob.member.id)
    assert [password_links.for_email(control, email) for email in ("nobody@x.test", "bob@acme.test", "")] == [None] * 3


def test_asking_is_slowed_down_alike_for_known_and_unknown(control: Database) -> None:
    for email in ("bob@acme.test", "nobody@x.test"):
        for _ in range(5):
            password_links.ask(control, email, email)
        with pytest.raises(Problem, match="Too many attempts"):
            password_links.ask(control, email, "another place")


def test_an_admin_hands_one_to_a_member_of_their_tenant_alone(world: World, control: Database) -> None:
    alice, acme = world.alice.actor, world.acme.id
    assert password_links.use(control, password_links.for_member(control, alice, acme, world.bob.member.id), NEW)
    members.join(control, world.charlie.actor, world.globex.id, world.bob.member.id, "viewer")
    with pytest.raises(Problem, match="other tenants"):
        password_links.for_member(control, alice, acme, world.bob.member.id)
    with pytest.raises(Problem, match="no such member"):
        password_links.for_member(control, alice, acme, world.charlie.member.id)


def test_an_admin_of_a_tenant_is_no_way_into_the_box(world: World, control: Database) -> None:
    admin = members.change_role(control, world.alice.actor, world.acme.id, world.otto.member.id, "admin")
    box_owners.appoint(control, world.alice.actor, world.bob.member.id)
    for act in (
        lambda: password_links.for_member(control, admin.actor, world.acme.id, world.bob.member.id),
        lambda: members.reset_password(control, admin.actor, world.acme.id, world.bob.member.id, NEW),
    ):
        with pytest.raises(Problem, match="answers for the whole box"):
            act()


def test_guessing_the_password_at_an_open_session_must_wait(world: World, control: Database) -> None:
    bob = world.bob
    for _ in range(5):
        with pytest.raises(Problem, match="is not your password"):
            passwords.change(control, bob.actor, bob.member.id, "guess", NEW)
    with pytest.raises(Problem) as caught:
        passwords.change(control, bob.actor, bob.member.id, PASSWORD, NEW)
    assert caught.value.code == "rate_limited"
    with clock.frozen(clock.now() + timedelta(seconds=31)):
        passwords.change(control, bob.actor, bob.member.id, PASSWORD, NEW)
