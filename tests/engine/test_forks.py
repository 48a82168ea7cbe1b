"""Run again from step k: what was recorded before it is taken over, everything from it on is done anew."""

import pytest

from appliance.domain import approvals, blobs, forks, lifecycle, runs, steps, workspace
from appliance.domain.checks import NewCheck
from appliance.domain.runs import Run
from appliance.domain.steps import Step
from appliance.domain.tasks import Task
from appliance.engine.bodies import BODIES, Body
from appliance.engine.work import Work
from appliance.errors import Problem
from tests.engine.floor import Floor, comment, data, finish, write

SCRIPT = (comment("First."), write("a.md"), comment("Second."))
CUT = "sim: empty"


def ended(floor: Floor, *script: str) -> Task:
    """A task whose first run came to no end, after all the steps of the script."""
    return floor.done(*(script or (*SCRIPT, CUT)))


def fork(floor: Floor, task: Task, key: str) -> Run:
    return forks.fork(floor.db, floor.actor, floor.run(task).id, key)


def of(floor: Floor, run: Run) -> list[Step]:
    return steps.of_run(floor.db, run.id)


def refused(floor: Floor, run_id: str, key: str, code: str = "conflict") -> str:
    with pytest.raises(Problem) as refusal:
        forks.fork(floor.db, floor.actor, run_id, key)
    assert refusal.value.code == code
    return refusal.value.detail


def test_a_fork_takes_over_the_steps_before_and_does_the_others_anew(floor: Floor) -> None:
    task = ended(floor)
    first = floor.run(task)
    made = fork(floor, task, "task.comment#2")
    assert (made.state, made.attempt, made.retry_of, made.fork_of) == ("ready", 2, first.id, first.id)
    assert (made.fork_key, made.cause, made.chain) == ("task.comment#2", "forked", first.chain)
    kept = of(floor, made)
    assert [s.key for s in kept] == ["brief", "model", "task.comment", "model#2", "workspace.write", "model#3"]
    floor.work()
    assert floor.comments(task) == ["First.", "Second.", "Second."]
    assert of(floor, made)[: len(kept)] == kept
    assert [r.id for r in forks.of_run(floor.db, first.id)] == [made.id]


def test_effects_taken_over_are_not_repeated(floor: Floor) -> None:
    task = ended(floor)
    floor.files(task).write("a.md", b"changed by hand")
    fork(floor, task, "model#4")
    floor.work()
    assert floor.comments(task) == ["First.", "Second."]
    assert floor.files(task).read("a.md") == b"changed by hand"


def test_the_conversation_up_to_the_step_is_the_same(floor: Floor) -> None:
    task = ended(floor)
    files = floor.world.catalogue.files(floor.tenant.id)
    before = steps.conversation(floor.db, floor.run(task).id, files)
    made = fork(floor, task, "model#3")
    assert steps.conversation(floor.db, made.id, files) == before[:6]


def test_mistake_40_a_rerun_keeps_the_cost_of_the_first(floor: Floor) -> None:
    task = ended(floor)
    first = floor.run(task)
    made = fork(floor, task, "model#3")
    assert [s.cost_nano for s in of(floor, made)] == [0] * 5
    floor.work()
    again = runs.get(floor.db, made.id)
    assert data(runs.get(floor.db, first.id)) == data(first)
    assert again.cost_nano == sum(s.cost_nano for s in of(floor, made)) > 0
    assert floor.now(task).cost_nano == first.cost_nano + again.cost_nano
    assert floor.now(task).cost_nano == sum(call.cost_nano or 0 for call in floor.ledger(task))


def test_what_was_taken_over_names_no_claim_of_the_new_run(floor: Floor) -> None:
    task = ended(floor)
    made = fork(floor, task, "model#2")
    floor.work()
    assert [s.fence for s in of(floor, made)][:4] == [0, 0, 0, 1]


@pytest.mark.parametrize("dies_after", range(1, 4))
def test_a_killed_fork_goes_on_where_it_was(floor: Floor, dies_after: int) -> None:
    task = ended(floor)
    made = fork(floor, task, "model#2")
    floor.die_after(dies_after)
    assert floor.run(task).state == "running"
    floor.take_back()
    floor.work()
    assert floor.run(task).id == made.id
    assert floor.comments(task) == ["First.", "Second.", "Second."]
    assert [s.ord for s in of(floor, made)] == list(range(1, len(of(floor, made)) + 1))


def test_from_the_first_step_on_it_is_a_new_start_by_the_newest_agent(floor: Floor) -> None:
    task = ended(floor)
    floor.change_agent(instructions="Work better.")
    made = fork(floor, task, "brief")
    assert of(floor, made) == []
    assert made.agent_revision == floor.ada.revision
    floor.work()
    assert floor.comments(task) == ["First.", "Second.", "First.", "Second."]


def test_a_fork_works_by_the_revision_of_what_it_took_over(floor: Floor) -> None:
    task = ended(floor)
    floor.change_agent(tools=["task.finish"])
    made = fork(floor, task, "workspace.write")
    assert made.agent_revision == floor.ada.revision - 1
    floor.work()
    assert floor.comments(task) == ["First.", "Second.", "Second."]


def test_a_fork_of_a_fork_keeps_the_chain(floor: Floor) -> None:
    task = ended(floor)
    first = floor.run(task)
    fork(floor, task, "model#2")
    floor.work()
    third = fork(floor, task, "model#4")
    floor.work()
    assert (third.attempt, third.chain) == (3, first.chain)
    assert floor.comments(task) == ["First.", "Second.", "Second."]


def test_a_long_answer_is_kept_once(floor: Floor) -> None:
    task = ended(floor, write("big.md", "x" * 50_000), CUT)
    kept = floor.db.value("SELECT COUNT(*) AS n FROM blobs")
    made = fork(floor, task, "model#2")
    assert floor.db.value("SELECT COUNT(*) AS n FROM blobs") == kept > 0
    files = floor.world.catalogue.files(floor.tenant.id)
    written = next(s for s in of(floor, made) if s.name == "workspace.write")
    assert blobs.restore(files, written.input)["content"] == "x" * 50_000
    assert "x" * 50_000 in steps.conversation(floor.db, made.id, files)[2].tool_calls[0]["arguments"]


def test_without_a_step_it_goes_on_after_the_last_recorded_one(floor: Floor) -> None:
    task = floor.task(*SCRIPT, finish())
    floor.die_after(4)
    first = floor.run(task)
    lifecycle.cancel_run(floor.db, floor.actor, first.id)
    floor.take_back()
    assert runs.get(floor.db, first.id).state == "cancelled"
    made = forks.fork(floor.db, floor.actor, first.id)
    assert [s.key for s in of(floor, made)] == [s.key for s in of(floor, first)]
    floor.work()
    assert (floor.now(task).state, floor.comments(task)) == ("done", ["First.", "Second."])


def test_what_succeeded_has_no_step_to_go_on_after(floor: Floor) -> None:
    check = NewCheck("human_ack", {"question": "Is it kind?"})
    task = floor.done(*SCRIPT, finish(), checks=[check])
    assert "came to its end" in refused(floor, floor.run(task).id, "")
    fork(floor, task, "task.finish")
    floor.work()
    assert floor.outcome(task) == ("succeeded", "", "in_review")
    assert floor.comments(task) == ["First.", "Second."]


def test_a_run_parked_for_a_mismatch_goes_on_from_an_earlier_step(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    names = ["one", "two", "three"]

    def act(work: Work) -> str:
        for name in names:
            work.step(name, lambda _, name=name: done.append(name))  # type: ignore[misc]
        work.sleep("pause", 60)
        return "Finished."

    monkeypatch.setitem(BODIES, "builtin", Body(act))
    task = floor.done()
    names.insert(1, "between")
    with floor.later(61):
        floor.work()
        parked = floor.run(task)
        assert floor.outcome(task) == ("parked", "mismatch", "blocked")
        made = fork(floor, task, "two")
        assert (made.state, floor.now(task).state) == ("ready", "todo")
        floor.work()
    old = runs.get(floor.db, parked.id)
    assert (old.state, old.failure_code, old.fence) == ("cancelled", "forked", parked.fence + 1)
    assert done == ["one", "two", "three", "between", "two", "three"]
    assert floor.run(task).state == "waiting"


def in_doubt(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A run that is parked because nobody knows whether its letter was sent."""

    def act(work: Work) -> str:
        work.step("look", lambda _: "seen")
        return str(work.step("send", lambda _: "sent", effect="once"))

    monkeypatch.setitem(BODIES, "builtin", Body(act))
    task = floor.task()
    floor.die_at("intent")
    floor.take_back()
    floor.work()
    assert floor.outcome(task) == ("parked", "in_doubt", "blocked")
    return task


def test_a_step_without_outcome_is_never_taken_over(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    task = in_doubt(floor, monkeypatch)
    parked = floor.run(task)
    [asked] = approvals.of_run(floor.db, parked.id)
    made = fork(floor, task, "send")
    assert [s.key for s in of(floor, made)] == ["look"]
    assert approvals.get(floor.db, asked.id).state == "withdrawn"
    floor.work()
    assert floor.now(task).result == "sent"


def test_a_waiting_step_begins_its_wait_anew(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(work: Work) -> str:
        work.step("look", lambda _: "seen")
        work.sleep("pause", 60)
        return "Rested."

    monkeypatch.setitem(BODIES, "builtin", Body(act))
    task = floor.done()
    with floor.later(30):
        lifecycle.cancel_run(floor.db, floor.actor, floor.run(task).id)
        made = fork(floor, task, "pause")
        floor.work()
    assert [(s.key, s.state) for s in of(floor, made)] == [("look", "done"), ("pause", "waiting")]
    assert of(floor, made)[1].result != of(floor, runs.get(floor.db, str(made.fork_of)))[1].result


def test_what_can_t_be_forked_says_why(floor: Floor) -> None:
    task = floor.task(*SCRIPT, CUT)
    queued = floor.run(task)
    assert "has not ended" in refused(floor, queued.id, "model")
    floor.work()
    assert "There is no such step nothing" in refused(floor, queued.id, "nothing", "not_found")
    made = fork(floor, task, "model#2")
    assert "open run already" in refused(floor, queued.id, "model#2")
    assert floor.run(task).id == made.id
    floor.cancel(task)
    assert "Reopen it first" in refused(floor, queued.id, "model#2")
    lifecycle.reopen(floor.db, floor.actor, task.id)
    assert forks.fork(floor.db, floor.actor, queued.id, "model#2").attempt == 3


def test_another_assignee_takes_nothing_over(floor: Floor) -> None:
    task = ended(floor)
    bert = floor.agent("bert")
    floor.db.update("tasks", {"id": task.id}, agent_id=bert.id)
    assert "another assignee" in refused(floor, floor.run(task).id, "model#2")


def test_a_viewer_can_t_fork(floor: Floor) -> None:
    task = ended(floor)
    with pytest.raises(Problem, match="role"):
        forks.fork(floor.db, floor.world.bob.actor, floor.run(task).id, "model")


def test_the_files_of_the_task_are_those_of_both_runs(floor: Floor) -> None:
    task = ended(floor)
    fork(floor, task, "model#4")
    floor.work()
    files = workspace.of_task(floor.world.catalogue.files(floor.tenant.id), task.id)
    assert [f.path for f in files.files()] == ["a.md"]
