"""Names, duplicates, sizes, and what can be asked about a run."""

from appliance.domain import lifecycle, runs, steps
from appliance.engine.work import Work
from appliance.errors import Problem
from tests.semantics.ours.stage import Stage, scenario

MB = 1024 * 1024


def _done(work: Work) -> str:
    return "done"


@scenario
def started_twice(stage: Stage) -> str:
    task = stage.hire(_done).task()
    try:
        lifecycle.start(stage.db, stage.floor.actor, task.id)
    except Problem as problem:
        assert problem.code == "conflict"
        return "refused while one is open"
    return "two runs"


@scenario
def started_again_after_its_end(stage: Stage) -> str:
    task = stage.hire(_done).done()
    try:
        lifecycle.start(stage.db, stage.floor.actor, task.id)
    except Problem:
        lifecycle.reopen(stage.db, stage.floor.actor, task.id)
        lifecycle.start(stage.db, stage.floor.actor, task.id)
        return "refused until a person takes it up again"
    return "a new run"


@scenario
def same_request_twice(stage: Stage) -> str:
    """Over HTTP, as it is sent twice: with one Idempotency-Key."""
    alice, headers = stage.floor.world.alice, {"Idempotency-Key": "one"}
    new = {"title": "Pay the invoice", "assignee": "ada"}
    first, second = (alice.post(f"{alice.api}/tasks", json=new, headers=headers).json() for _ in range(2))
    count = stage.db.value("SELECT COUNT(*) AS n FROM runs")
    return "the first one is the answer" if first["id"] == second["id"] and count == 1 else f"{count} runs"


@scenario
def started_while_nobody_works(stage: Stage) -> str:
    task = stage.hire(_done).task()
    assert stage.floor.run(task).state == "ready"
    stage.floor.work()
    return "kept, and starts when a worker comes" if stage.floor.now(task).state == "done" else "lost"


@scenario
def asked_after_its_end(stage: Stage) -> str:
    run = stage.floor.run(stage.hire(_done).done())
    return "answered" if runs.get(stage.db, run.id).state == "succeeded" else "refused"


@scenario
def asked_while_nobody_works(stage: Stage) -> str:
    def waits(work: Work) -> str:
        work.step("first", stage.note("first"))
        return str(work.signal("go"))

    run = stage.floor.run(stage.hire(waits).done())
    keys = [step.key for step in steps.of_run(stage.db, run.id)]
    return "answered" if runs.get(stage.db, run.id).wait_key == "go" and keys[0] == "first" else "no answer"


@scenario
def answer_of_a_step_of_20_mb(stage: Stage) -> str:
    task = stage.play(lambda work: work.step("make", lambda key: "x" * 20 * MB))
    run = stage.floor.run(task)
    assert (run.state, run.failure_code) == ("failed", "too_large")
    return "the run fails and says what may be kept"


@scenario
def end_without_a_result(stage: Stage) -> str:
    task = stage.floor.done("sim: empty")
    return stage.floor.run(task).state
