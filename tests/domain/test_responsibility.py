"""Whose decision it is: reminders, the backup person, warnings, absences; each told once, whatever restarts."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import absences, approvals, decisions, responsibility
from appliance.domain.approvals import Approval
from appliance.errors import Problem
from tests.domain.telling import Room, enter
from tests.world import World

DAY_S = 86_400
NEXT_YEAR = "2099-01-01"


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def room(world: World, db: Database) -> Room:
    return enter(world, db)


def later(room: Room, seconds: float, times: int = 2) -> None:
    """Time passes, and the sweeper comes by more than once, as after a restart."""
    room.desk.later(seconds)
    for _ in range(times):
        approvals.sweep(room.db)
        room.read()


def now(room: Room, asked: Approval) -> Approval:
    return approvals.get(room.db, asked.id)


def test_each_reminder_reaches_who_is_responsible_once(room: Room, world: World) -> None:
    room.desk.ask(assigned_to=world.otto.actor.label, remind_s=60)
    later(room, 61)
    assert room.told(world.otto) == ["Send the letter", "Reminder: Send the letter"]
    later(room, 30)
    assert len(room.told(world.otto)) == 2
    # The box was off for ten reminders: it reminds once.
    later(room, 600)
    assert room.told(world.otto)[2:] == ["Reminder: Send the letter"]
    assert room.told(world.alice) == []


def test_escalation_reaches_the_backup_who_is_responsible_then(room: Room, world: World) -> None:
    label = world.alice.actor.label
    asked = room.desk.ask(assigned_to=world.otto.actor.label, backup_to=label, escalate_s=60, remind_s=100)
    room.read()
    later(room, 61)
    assert room.told(world.alice) == ["Handed to the backup: Send the letter"]
    assert now(room, asked).assigned_to == world.alice.actor.label
    later(room, 40)
    assert room.told(world.alice)[1:] == ["Reminder: Send the letter"]
    assert room.told(world.otto) == ["Send the letter"]


def test_escalation_without_a_backup_reaches_all_admins(room: Room, world: World) -> None:
    asked = room.desk.ask(assigned_to=world.otto.actor.label, escalate_s=60)
    later(room, 61)
    assert room.told(world.alice) == ["Handed to the backup: Send the letter"]
    assert now(room, asked).assigned_to == world.otto.actor.label
    assert room.told(world.bob) == []


def test_a_warning_comes_before_it_expires(room: Room, world: World) -> None:
    room.desk.ask(assigned_to=world.otto.actor.label, expires_s=DAY_S)
    room.desk.ask(step_key="soon", assigned_to=world.otto.actor.label, title="Soon", expires_s=400)
    room.read()
    room.db.update("approvals", {"title": "Soon"}, warn_at=clock.ahead(-1))
    later(room, 0)
    assert room.told(world.otto) == ["Send the letter", "Soon", "Expires soon: Soon"]
    row = room.db.one("SELECT expires_at, warn_at FROM approvals WHERE title = 'Send the letter'")
    assert row and clock.seconds_between(row["warn_at"], row["expires_at"]) == pytest.approx(3600, abs=1)


def test_anybody_with_the_role_may_decide_and_one_may_take_it(room: Room, world: World) -> None:
    asked = room.desk.ask(assigned_to=world.otto.actor.label)
    with pytest.raises(Problem) as viewer:
        responsibility.take(room.db, world.bob.actor, asked.id)
    assert viewer.value.code == "forbidden"
    assert responsibility.take(room.db, world.alice.actor, asked.id).assigned_to == world.alice.actor.label
    assert responsibility.take(room.db, world.alice.actor, asked.id).assigned_to == world.alice.actor.label
    assert room.desk.told() == ["requested", "assigned"]
    assert decisions.decide(room.db, world.otto.actor, asked.id, "approve").decided_name == "Otto"
    with pytest.raises(Problem, match="Already decided by Otto"):
        responsibility.take(room.db, world.alice.actor, asked.id)


def test_who_is_given_it_is_told(room: Room, world: World) -> None:
    asked = room.desk.ask(assigned_to=world.alice.actor.label)
    room.read()
    responsibility.assign(room.db, world.alice.actor, asked.id, world.otto.actor.label)
    room.read()
    assert room.told(world.otto) == ["Assigned to you: Send the letter"]


def test_while_one_is_away_questions_go_to_the_stand_in(room: Room, world: World) -> None:
    otto, alice = world.otto.actor.label, world.alice.actor.label
    open_one = room.desk.ask(assigned_to=otto)
    room.read()
    absences.go(room.db, world.otto.actor, otto, NEXT_YEAR, alice)
    later = room.desk.ask(step_key="later", assigned_to=otto, title="Later")
    room.read()
    for asked in (open_one, later):
        found = now(room, asked)
        assert (found.assigned_to, found.passed_from) == (alice, otto)
    assert room.told(world.alice) == ["Handed on to you: Send the letter", "Later"]
    assert room.told(world.otto) == ["Send the letter"]
    absences.come_back(room.db, world.otto.actor, otto)
    back = room.desk.ask(step_key="back", assigned_to=otto)
    assert now(room, back).assigned_to == otto


def test_without_a_stand_in_the_backup_is_asked_at_once(room: Room, world: World) -> None:
    otto, alice = world.otto.actor.label, world.alice.actor.label
    absences.go(room.db, world.otto.actor, otto, NEXT_YEAR)
    assert room.desk.ask(assigned_to=otto, backup_to=alice).assigned_to == alice
    assert room.desk.ask(step_key="alone", assigned_to=otto).assigned_to == otto


def test_an_absence_ends_by_the_clock(room: Room, world: World) -> None:
    otto, alice = world.otto.actor.label, world.alice.actor.label
    absences.go(room.db, world.otto.actor, otto, clock.ahead(3600), alice)
    with clock.frozen(clock.now() + timedelta(hours=1, seconds=1)):
        assert absences.of(room.db, otto) is None
        assert room.desk.ask(assigned_to=otto).assigned_to == otto


def test_a_circle_of_absent_people_ends_where_it_began(room: Room, world: World) -> None:
    otto, alice, bob = (who.actor.label for who in (world.otto, world.alice, world.bob))
    for label, stand_in in ((otto, alice), (alice, otto)):
        absences.go(room.db, world.otto.actor, label, NEXT_YEAR, stand_in)
    assert absences.responsible(room.db, otto, bob) == otto
    absences.go(room.db, world.alice.actor, alice, NEXT_YEAR, bob)
    assert absences.responsible(room.db, otto, None) == bob


def test_a_backup_who_is_away_is_stood_in_for_too(room: Room, world: World) -> None:
    otto, alice, bob = (who.actor.label for who in (world.otto, world.alice, world.bob))
    asked = room.desk.ask(assigned_to=bob, backup_to=otto, escalate_s=60)
    absences.go(room.db, world.otto.actor, otto, NEXT_YEAR, alice)
    later(room, 61)
    assert now(room, asked).assigned_to == alice


@pytest.mark.parametrize(("until", "stand_in"), [("2020-01-01", None), ("tomorrow", None), (NEXT_YEAR, "member:me")])
def test_an_absence_that_makes_no_sense_is_refused(room: Room, world: World, until: str, stand_in: str | None) -> None:
    with pytest.raises(Problem) as refused:
        absences.go(room.db, world.otto.actor, "member:me", until, stand_in)
    assert list(refused.value.errors) == ["stand_in" if stand_in else "until"]
