"""What may happen to a task: each verb, and each guard that refuses it."""

from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain import agents, blockers, checks, claims, endings, lifecycle, runs, samples, tasks
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.agent_forms import NewAgent
from appliance.domain.agents import create
from appliance.domain.checks import NewCheck
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from appliance.errors import Problem
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        samples.add_simulated(db, SYSTEM, world.vault, pace="instant")
        create(db, SYSTEM, NewAgent("ada", "Ada", "Work.", "simulated"))
        yield db


@pytest.fixture
def otto(world: World) -> Actor:
    return world.otto.actor


def make(db: Database, **fields: object) -> Task:
    return tasks.create(db, SYSTEM, NewTask(**{"title": "T", **fields}))  # type: ignore[arg-type]


def begin(db: Database) -> runs.Run:
    [run] = claims.claim(db, "w", 30)
    return run


def complete(db: Database, result: str = "R") -> None:
    with db.transaction():
        endings.complete(db, begin(db), result, {})


def kinds(db: Database, task: Task) -> list[str]:
    sql = "SELECT kind FROM events WHERE task_id = :id ORDER BY seq"
    return [row["kind"] for row in db.rows(sql, {"id": task.id})]


def refusal(verb: object, *args: object) -> tuple[str, str]:
    with pytest.raises(Problem) as caught:
        verb(*args)  # type: ignore[operator]
    return caught.value.code, caught.value.detail


def test_a_task_from_todo_to_done_is_told_event_by_event(db: Database) -> None:
    task = make(db, assignee="ada")
    assert task.state == "todo"
    complete(db)
    done = tasks.get(db, task.id)
    assert (done.state, done.result, done.run_state) == ("done", "R", "succeeded")
    assert done.finished_at is not None
    assert kinds(db, task) == ["task.created", "run.queued", "run.started", "run.succeeded", "task.done"]


def test_start_needs_an_agent_and_no_open_run(db: Database, otto: Actor) -> None:
    alone = make(db)
    assert refusal(lifecycle.start, db, otto, alone.id) == ("conflict", "Nobody is assigned. Choose an agent first.")
    busy = make(db, assignee="ada")
    assert refusal(lifecycle.start, db, otto, busy.id) == ("conflict", "This task has an open run already.")


def test_an_ended_task_is_reopened_first(db: Database, otto: Actor) -> None:
    task = make(db, assignee="ada", start=False)
    lifecycle.cancel(db, otto, task.id)
    assert refusal(lifecycle.start, db, otto, task.id) == ("conflict", "The task is cancelled. Reopen it first.")
    assert lifecycle.verbs(tasks.get(db, task.id)) == ["reopen"]


def test_reopen_is_another_cycle_that_keeps_the_receipts(db: Database, otto: Actor) -> None:
    task = make(db, assignee="ada", checks=[NewCheck("human_ack")])
    db.execute("UPDATE tasks SET cost_nano = 7")
    complete(db, "First")
    lifecycle.approve(db, otto, task.id)
    again = lifecycle.reopen(db, otto, task.id)
    assert (again.state, again.cycle, again.finished_at, again.cost_nano) == ("todo", 2, None, 7)
    assert [c.state for c in checks.of_task(db, task.id)] == ["open"]
    assert [run.state for run in runs.of_task(db, task.id)] == ["succeeded"]
    assert refusal(lifecycle.reopen, db, otto, task.id) == ("conflict", "The task is todo, not ended.")


def test_retry_is_a_new_run_of_the_same_task(db: Database, otto: Actor) -> None:
    task = make(db, assignee="ada")
    assert refusal(lifecycle.retry, db, otto, task.id)[1] == "There is no ended run to try again."
    first = begin(db)
    with db.transaction():
        endings.fail(db, first, "failed", "provider_auth", "Bad key", "capability")
    blocked = tasks.get(db, task.id)
    assert (blocked.state, blocked.blocked_reason, blocked.blocked_detail) == ("blocked", "capability", "Bad key")
    again = lifecycle.retry(db, otto, task.id)
    assert (again.state, again.blocked_reason, again.blocked_detail) == ("todo", "", "")
    newest = runs.of_task(db, task.id)[0]
    assert (newest.attempt, newest.retry_of, newest.state) == (2, first.id, "ready")


def test_an_agent_accepts_no_result(db: Database, otto: Actor) -> None:
    task = tasks.create(db, otto, NewTask("T"))
    lifecycle.move(db, otto, task.id, "in_review")
    with pytest.raises(Problem, match="a person does"):
        lifecycle.approve(db, Actor("agent", "a1", "Ada", "admin"), task.id)
    assert tasks.get(db, task.id).state == "in_review"


def test_work_in_review_is_accepted_by_a_person(db: Database, otto: Actor) -> None:
    task = make(db, assignee="ada", checks=[NewCheck("human_ack")])
    assert refusal(lifecycle.approve, db, otto, task.id)[1] == "The task is todo; only work in review can be accepted."
    complete(db)
    assert tasks.get(db, task.id).state == "in_review"
    assert lifecycle.approve(db, otto, task.id, "Nice").state == "done"
    [check] = checks.of_task(db, task.id)
    assert (check.state, check.judged_by) == ("pass", otto.label)


def test_done_is_refused_while_a_check_has_not_passed(db: Database, otto: Actor) -> None:
    task = make(db, checks=[NewCheck("contains", {"text": "x"})])
    code, detail = refusal(lifecycle.move, db, otto, task.id, "done")
    assert (code, detail) == ("checks_open", "Not done yet: the result contains “x”.")
    assert tasks.get(db, task.id).state == "backlog"


def test_done_is_refused_while_a_blocker_is_open(db: Database, otto: Actor) -> None:
    first = make(db, title="First")
    task = make(db, blockers=[first.id])
    assert refusal(lifecycle.move, db, otto, task.id, "done") == ("conflict", f"Blocked by #{first.number} First.")
    lifecycle.move(db, otto, first.id, "done")
    assert lifecycle.move(db, otto, task.id, "done").state == "done"


def test_done_is_refused_while_a_child_is_open(db: Database, otto: Actor) -> None:
    task = make(db)
    child = make(db, title="Part", parent_id=task.id)
    code, detail = refusal(lifecycle.move, db, otto, task.id, "done")
    assert (code, detail) == ("conflict", f"1 sub-tasks are open, first #{child.number} Part.")
    lifecycle.cancel(db, otto, child.id)
    assert lifecycle.move(db, otto, task.id, "done").state == "done"


def test_an_agent_that_finishes_before_its_blocker_waits_in_review(db: Database, otto: Actor) -> None:
    task = make(db, assignee="ada")
    run = begin(db)
    late = make(db, title="Late")
    blockers.put(db, otto, task.id, late.id)
    with db.transaction():
        assert endings.complete(db, run, "R", {}) == "in_review"
    assert tasks.get(db, task.id).blocked_detail == f"Blocked by #{late.number} Late."


def test_the_end_of_a_blocker_starts_what_waited_once(db: Database, otto: Actor) -> None:
    first, second = make(db), make(db)
    task = make(db, assignee="ada", blockers=[first.id, second.id])
    assert task.run_id is None
    lifecycle.move(db, otto, first.id, "done")
    assert tasks.get(db, task.id).run_id is None
    lifecycle.move(db, otto, second.id, "done")
    started = tasks.get(db, task.id)
    assert started.run_state == "ready"
    lifecycle.reopen(db, otto, second.id)
    lifecycle.move(db, otto, second.id, "done")
    assert len(runs.of_task(db, task.id)) == 1


@pytest.mark.parametrize(("on_cancel", "starts"), [("hold", False), ("release", True)])
def test_a_cancelled_blocker_holds_or_releases_as_its_edge_says(
    db: Database, otto: Actor, on_cancel: str, starts: bool
) -> None:
    first = make(db)
    task = make(db, assignee="ada", start=False)
    blockers.put(db, otto, task.id, first.id, on_cancel)
    lifecycle.cancel(db, otto, first.id)
    assert (tasks.get(db, task.id).run_state == "ready") is starts


@pytest.mark.parametrize("column", ["backlog", "todo", "in_progress", "in_review", "done", "cancelled"])
def test_a_card_without_an_agent_goes_where_it_is_put(db: Database, otto: Actor, column: str) -> None:
    task = make(db, title="By hand")
    assert lifecycle.move(db, otto, task.id, column).state == column
    assert lifecycle.move(db, otto, task.id, column).state == column


def test_moving_a_card_to_in_progress_starts_its_agent(db: Database, otto: Actor) -> None:
    task = make(db, assignee="ada", start=False)
    assert lifecycle.move(db, otto, task.id, "in_progress").run_state == "ready"


def test_moving_an_ended_card_reopens_it(db: Database, otto: Actor) -> None:
    task = make(db)
    lifecycle.move(db, otto, task.id, "done")
    moved = lifecycle.move(db, otto, task.id, "backlog")
    assert (moved.state, moved.cycle) == ("backlog", 2)


def test_an_unknown_column_is_refused(db: Database, otto: Actor) -> None:
    task = make(db)
    assert refusal(lifecycle.move, db, otto, task.id, "blocked")[0] == "invalid"
    assert refusal(lifecycle.move, db, otto, task.id, "Done")[0] == "invalid"


@pytest.mark.parametrize(
    "verb", [lifecycle.start, lifecycle.retry, lifecycle.cancel, lifecycle.reopen, lifecycle.approve]
)
def test_a_viewer_does_nothing(db: Database, world: World, verb: object) -> None:
    task = make(db, assignee="ada")
    assert refusal(verb, db, world.bob.actor, task.id)[0] == "forbidden"
    assert refusal(lifecycle.move, db, world.bob.actor, task.id, "done")[0] == "forbidden"


def test_another_tenant_has_no_such_task(db: Database, world: World) -> None:
    task = make(db, assignee="ada")
    with world.db(world.globex) as theirs:
        for verb in (lifecycle.start, lifecycle.cancel, lifecycle.reopen):
            assert refusal(verb, theirs, world.charlie.actor, task.id)[0] == "not_found"


def test_work_of_a_removed_agent_comes_back_without_it_and_holds_up_nobody(db: Database, otto: Actor) -> None:
    create(db, SYSTEM, NewAgent("bo", "Bo", "Work.", "simulated"))
    first = make(db, assignee="ada")
    waiting = make(db, assignee="bo", blockers=[first.id])
    lifecycle.cancel(db, otto, waiting.id)
    agents.delete(db, SYSTEM, "bo")
    again = lifecycle.reopen(db, otto, waiting.id)
    assert (again.state, again.agent_id) == ("todo", None)
    complete(db)
    assert tasks.get(db, first.id).state == "done"
    assert kinds(db, first)[-1] == "task.done"


def test_a_card_that_can_not_get_there_stays_where_it_was(db: Database, otto: Actor) -> None:
    first = make(db)
    task = make(db, assignee="ada", blockers=[first.id])
    lifecycle.cancel(db, otto, task.id)
    before = kinds(db, task)
    assert refusal(lifecycle.move, db, otto, task.id, "in_progress")[0] == "conflict"
    assert (tasks.get(db, task.id).state, kinds(db, task)) == ("cancelled", before)
