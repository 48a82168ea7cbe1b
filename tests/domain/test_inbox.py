"""Everything a person must decide, once each, the most urgent first."""

from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain import agents, approvals, claims, decisions, endings, inbox, lifecycle, tasks
from appliance.domain.agent_forms import NewAgent
from appliance.domain.runs import Run
from appliance.domain.task_forms import NewTask
from tests.domain.asking import Desk, sit_down
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def desk(world: World, db: Database) -> Desk:
    return sit_down(world, db)


def begun(world: World, db: Database, title: str, priority: int = 1) -> Run:
    """Another task, at work."""
    tasks.create(db, world.alice.actor, NewTask(title, assignee="leo", priority=priority))
    [run] = claims.claim(db, "test", 30)
    assert run
    return run


def fill(world: World, desk: Desk) -> None:
    """One of each: an action, a question that expires, work in review, a stuck task and a parked run."""
    db = desk.db
    agents.create(db, world.alice.actor, NewAgent("leo", "Leo", "Write.", "simulated", max_concurrency=9))
    desk.ask(estimate_nano=7)
    desk.ask("question", "ask", title="Which?", expires_s=600)
    done, stuck, gone = (begun(world, db, title) for title in ("Done", "Stuck", "Gone"))
    child = tasks.create(db, world.alice.actor, NewTask("Check it", parent_id=done.task_id))
    with db.transaction():
        endings.complete(db, done, "All done.", {})
        endings.fail(db, stuck, "failed", "provider_auth", "The key was refused.", "capability")
    lifecycle.cancel(db, world.alice.actor, child.id)
    db.update("runs", {"id": gone.id}, claims_without_progress=5)
    claims.release(db, "id = :id", {"id": gone.id})


def test_each_thing_is_listed_once(world: World, desk: Desk) -> None:
    fill(world, desk)
    found = {item.kind: item for item in inbox.items(desk.db).items}
    assert inbox.counts(desk.db) == dict.fromkeys(("action", "question", "review", "blocked", "parked"), 1)
    assert found["action"].sentence == "Mara wants to use mail.send on bob@globex.test."
    assert (found["action"].amount_nano, len(found["action"].digest)) == (7, 64)
    assert found["review"].sentence == "Leo has ended the work. Accept the result, or say what is missing."
    assert found["blocked"].sentence == "The key was refused."
    assert "died five times" in found["parked"].sentence
    assert [verb.verdict for verb in found["action"].verbs] == ["approve", "request_changes", "reject"]
    assert [verb.label for verb in found["parked"].verbs] == ["Try again"]


def test_what_is_decided_is_gone(world: World, desk: Desk) -> None:
    asked = desk.ask()
    assert inbox.total(desk.db) == 1
    decisions.decide(desk.db, world.otto.actor, asked.id, "reject")
    assert inbox.counts(desk.db) == {}


def test_the_urgent_comes_first_then_what_expires_then_the_newest(world: World, desk: Desk) -> None:
    agents.create(desk.db, world.alice.actor, NewAgent("leo", "Leo", "Write.", "simulated"))
    for n in range(3):
        desk.ask(step_key=f"tool#{n}", title=f"Ask {n}")
    desk.ask(step_key="soon", title="Expires", expires_s=60)
    with desk.db.transaction():
        endings.fail(desk.db, begun(world, desk.db, "Urgent", 3), "failed", "x", "No.", "needs_input")
    titles = [item.title for item in inbox.items(desk.db).items]
    assert titles == ["Urgent", "Expires", "Ask 2", "Ask 1", "Ask 0"]
    paged, cursor = [], ""
    while cursor is not None:
        page = inbox.items(desk.db, limit=2, cursor=cursor)
        paged += [item.title for item in page.items]
        cursor = page.next_cursor
    assert paged == titles


def test_a_parent_in_review_waits_for_its_children_first(world: World, desk: Desk) -> None:
    child = tasks.create(desk.db, world.alice.actor, NewTask("Check it", parent_id=desk.task.id))
    with desk.db.transaction():
        endings.complete(desk.db, desk.run, "All done.", {})
    assert inbox.counts(desk.db) == {}
    lifecycle.cancel(desk.db, world.alice.actor, child.id)
    assert inbox.counts(desk.db) == {"review": 1}


def test_a_stuck_task_with_an_approval_is_listed_as_that(desk: Desk) -> None:
    desk.db.update("tasks", {"id": desk.task.id}, state="blocked", blocked_reason="needs_decision")
    assert inbox.counts(desk.db) == {"blocked": 1}
    asked = desk.ask()
    assert [item.id for item in inbox.items(desk.db).items] == [asked.id]
    approvals.withdraw(desk.db, desk.run.id)
    assert inbox.counts(desk.db) == {"blocked": 1}
