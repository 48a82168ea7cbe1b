"""What people are told of: whom, of what, where, and exactly once."""

from collections.abc import Iterator
from typing import Any

import pytest

from appliance.db.database import Database
from appliance.domain import approvals, decisions, endings, events, lifecycle, restored, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.approvals import Option
from appliance.domain.notices import deriving, outbox, rows, set_aside
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.domain.telling import Room, enter
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def room(world: World, db: Database) -> Room:
    return enter(world, db)


def test_whoever_it_is_for_is_told_and_nobody_else(room: Room, world: World) -> None:
    room.desk.ask(assigned_to=world.otto.actor.label, estimate_nano=2_500_000_000, expires_s=86_400)
    room.read()
    [told] = room.notices(world.otto)
    assert (told.kind, told.target, told.state) == ("mine", "otto@acme.test", "queued")
    facts = dict(told.content.facts)
    assert facts["Amount"] == "$2.50 (estimated)"
    assert facts["If nobody acts"] == "If nobody decides by then, it is not done."
    assert facts["Task"] == "#1 Write to Bob" and "UTC" in facts["Decide by"]
    assert told.content.text == "Mara wants to use mail.send on bob@globex.test."
    assert room.told(world.alice) == room.told(world.bob) == []


def test_what_is_nobodys_is_for_who_made_the_task(room: Room, world: World) -> None:
    room.desk.ask()
    room.read()
    assert room.told(world.alice) == ["Send the letter"]
    assert room.told(world.otto) == []


def test_an_actions_arguments_stay_on_its_page(room: Room, world: World) -> None:
    room.desk.ask(detail="Dear Bob, the code of the safe is 4711.")
    room.read()
    [told] = room.notices(world.alice)
    assert "4711" not in str(told.content)


def test_wishes_choose_kinds_and_places(room: Room, world: World) -> None:
    phone = room.channel(world.otto)
    room.wish(world.otto, "decisions", "failures", place=phone)
    room.wish(world.alice)
    room.desk.ask()
    with room.db.transaction():
        endings.fail(room.db, room.desk.run, "failed", "provider_auth", "The key was refused.", "capability")
        approvals.withdraw_of_task(room.db, room.desk.task.id)
        events.record(room.db, SYSTEM, "task.blocked", task_id=room.desk.task.id, reason="capability")
    room.desk.ask(step_key="other", title="May I?")
    room.read()
    assert [(one.content.title, one.channel) for one in room.notices(world.otto)] == [("May I?", phone)]
    assert room.told(world.alice) == []


def test_stuck_work_is_told_once_and_not_beside_its_question(room: Room, world: World) -> None:
    with room.db.transaction():
        endings.fail(room.db, room.desk.run, "failed", "provider_auth", "The key was refused.", "capability")
    room.read()
    [told] = room.notices(world.alice)
    assert (told.kind, told.content.title, told.content.text) == (
        "failures",
        "Stuck: Write to Bob",
        "The key was refused.",
    )


def test_who_made_a_task_hears_that_it_is_done_unless_they_did_it(room: Room, world: World) -> None:
    room.wish(world.alice, "finished")
    room.wish(world.otto, "finished")
    with room.db.transaction():
        endings.complete(room.db, room.desk.run, "Sent.", {})
    own = tasks.create(room.db, world.alice.actor, NewTask("By hand"))
    lifecycle.move(room.db, world.alice.actor, own.id, "done")
    room.read()
    assert [(one.content.title, one.content.text) for one in room.notices(world.alice)] == [
        ("Done: Write to Bob", "Sent.")
    ]
    assert room.told(world.otto) == []


def test_money_reaches_those_who_decide_about_it(room: Room, world: World) -> None:
    room.wish(world.otto, "mine")
    room.desk.ask("budget", title="The budget is used up", options=[Option("once", "Allow once")])
    alert = {"budget_id": "b", "percent": 80, "scope": "tenant", "scope_id": "", "span": "month"}
    with room.db.transaction():
        events.record(room.db, SYSTEM, "budget.alert", **alert, spent_nano=8_000_000_000, allowed_nano=10_000_000_000)
    room.read()
    assert [one.kind for one in room.notices(world.alice)] == ["mine", "budget"]
    assert room.told(world.alice)[1] == "80 % of the budget of the organisation is spent this month"
    assert room.told(world.otto) == []


def test_a_channel_of_the_tenant_hears_of_all_of_its_kinds(room: Room, world: World) -> None:
    room.channel(kinds=["decisions"], url="https://hooks.test/x", kind="webhook")
    room.desk.ask(assigned_to=world.otto.actor.label)
    room.desk.ask("budget", "b", title="The budget is used up", options=[Option("once", "Allow once")])
    room.read()
    assert room.told() == ["Send the letter"]


def test_events_become_notices_once_whoever_reads_them(room: Room, world: World) -> None:
    room.desk.ask()
    assert room.read() > 0
    assert room.read() == 0
    stale = room.db.value("SELECT value FROM counters WHERE name = 'notice'")
    room.desk.ask(step_key="next", title="Next")

    def late() -> Any:
        """Another process reads the same events between this one's look and its commit."""
        with world.db() as other:
            deriving.read(other, room.people, True)
        return room.people()

    assert deriving.read(room.db, late, True) == 0
    assert room.db.value("SELECT value FROM counters WHERE name = 'notice'") > stale
    assert room.told(world.alice) == ["Send the letter", "Next"]


def test_a_crash_while_reading_loses_and_doubles_nothing(room: Room, world: World, monkeypatch: Any) -> None:
    room.desk.ask()
    room.desk.ask(step_key="next", title="Next")
    real, calls = rows.draft, []

    def dies(*args: Any, **more: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **more)

    with monkeypatch.context() as broken:
        broken.setattr(rows, "draft", dies)
        with pytest.raises(KeyboardInterrupt):
            room.read()
    assert room.told(world.alice) == []
    room.read()
    assert room.told(world.alice) == ["Send the letter", "Next"]


def test_without_a_mail_server_no_mail_is_written(room: Room, world: World) -> None:
    room.desk.ask()
    room.read(email=False)
    assert room.told(world.alice) == []


def test_nobody_is_told_to_decide_what_is_decided(room: Room, world: World) -> None:
    early, late = room.desk.ask(step_key="early"), room.desk.ask(step_key="late")
    decisions.decide(room.db, world.otto.actor, early.id, "reject")
    room.read()
    decisions.decide(room.db, world.otto.actor, late.id, "reject")
    assert outbox.due(room.db) == []
    [dropped] = room.notices(world.alice)
    assert (dropped.state, dropped.detail) == ("dropped", set_aside.DECIDED)


def test_a_restore_puts_what_may_have_been_sent_in_doubt(room: Room, world: World) -> None:
    room.desk.ask("question", "first", title="Read already")
    room.read()
    room.desk.ask("question", "second", title="Not read yet")
    restored.after_restore(room.db)
    room.read()
    assert [(one.content.title, one.state) for one in room.notices(world.alice)] == [
        ("Read already", "in_doubt"),
        ("Not read yet", "in_doubt"),
    ]
    assert outbox.due(room.db) == []
    again, gone = room.notices(world.alice)
    assert set_aside.retry(room.db, world.alice.actor, again.id).state == "queued"
    assert set_aside.drop(room.db, world.alice.actor, gone.id).state == "dropped"
    assert [one.id for one in outbox.due(room.db)] == [again.id]
    room.desk.ask("question", "third", title="After it")
    room.read()
    assert [one.state for one in room.notices(world.alice)] == ["queued", "dropped", "queued"]


def test_an_approval_that_is_asked_again_after_a_restore_is_told_again(room: Room, world: World) -> None:
    room.desk.ask()
    room.read()
    restored.after_restore(room.db)
    room.read()
    assert [one.state for one in room.notices(world.alice)] == ["in_doubt", "queued"]


def test_only_what_was_given_up_is_sent_again(room: Room, world: World) -> None:
    room.desk.ask()
    room.read()
    [queued] = room.notices(world.alice)
    with pytest.raises(Problem, match="this one is queued"):
        set_aside.retry(room.db, world.alice.actor, queued.id)
    with pytest.raises(Problem) as strange:
        set_aside.drop(room.db, world.otto.actor, queued.id, world.otto.member.id)
    assert strange.value.code == "not_found"
