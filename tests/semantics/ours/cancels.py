"""Stopping: by a person, and by a time limit. Nothing of a run's own code takes part in its end."""

from contextlib import suppress

from appliance.domain import lifecycle
from appliance.domain.tasks import Task
from appliance.engine.journal import Cancelled
from appliance.engine.work import Work
from appliance.errors import Problem
from tests.engine.programs import Act
from tests.semantics.ours.stage import Stage, scenario

WORDS = {"timed_out": "timed out"}


def _cancel(stage: Stage, task: Task) -> None:
    lifecycle.cancel_run(stage.db, stage.floor.actor, stage.floor.run(task).id)


def _state(stage: Stage, task: Task) -> str:
    state = stage.floor.run(task).state
    return WORDS.get(state, state)


def _cleans_up(stage: Stage) -> Act:
    """Waits, and would clean up if it heard of its end."""

    def act(work: Work) -> str:
        work.step("begun", stage.note("begun"))
        try:
            work.sleep("nap", 3600)
        except Cancelled:
            stage.lines.append("cleaned up")
            raise
        return "slept"

    return act


def _cleaned(stage: Stage, task: Task) -> str:
    stage.floor.work()
    state = _state(stage, task)
    return f"{state}, after its clean-up" if "cleaned up" in stage.lines else f"{state}, no code of it runs any more"


@scenario
def cancel_while_it_waits(stage: Stage) -> str:
    task = stage.hire(_cleans_up(stage)).done()
    _cancel(stage, task)
    return _cleaned(stage, task)


@scenario
def stop_by_force(stage: Stage) -> str:
    """There is one way to stop, and it is this."""
    task = stage.hire(_cleans_up(stage)).done()
    lifecycle.cancel(stage.db, stage.floor.actor, task.id)
    return _cleaned(stage, task)


@scenario
def time_limit_of_a_run(stage: Stage) -> str:
    program = stage.hire(_cleans_up(stage))
    task = program.task(time_limit_s=300)
    stage.floor.work()
    with stage.floor.later(301):
        return _cleaned(stage, task)


@scenario
def cancel_before_the_start(stage: Stage) -> str:
    task = stage.hire(_cleans_up(stage)).task()
    _cancel(stage, task)
    stage.floor.work()
    return f"{_state(stage, task)}, its code {'is begun' if stage.lines else 'never runs'}"


def _cancelled_inside(stage: Stage) -> tuple[Task, Act]:
    """A program whose first step is stopped by a person while it runs."""
    found: list[Task] = []

    def act(work: Work) -> str:
        def slow(key: str) -> str:
            _cancel(stage, found[0])
            return stage.note("slow")(key)

        work.step("slow", slow)
        return work.step("next", stage.note("next"))

    found.append(stage.hire(act).task())
    return found[0], act


def _told(stage: Stage) -> str:
    task, _ = _cancelled_inside(stage)
    stage.floor.work()
    recorded = [step.key for step in stage.floor.steps(task) if step.state == "done"]
    assert "next" not in stage.lines
    return f"the step is {'recorded' if recorded == ['slow'] else 'dropped'}, then {_state(stage, task)}"


@scenario
def cancel_during_a_step(stage: Stage) -> str:
    return _told(stage)


@scenario
def cancel_with_a_shielded_step(stage: Stage) -> str:
    """Every step is shielded."""
    return _told(stage)


@scenario
def cancel_that_the_code_refuses(stage: Stage) -> str:
    found: list[Task] = []

    def act(work: Work) -> str:
        work.step("begun", lambda key: _cancel(stage, found[0]))
        try:
            work.step("more", stage.note("more"))
        except Cancelled:
            stage.lines.append("goes on")
        return "done"

    found.append(stage.hire(act).task())
    stage.floor.work()
    assert stage.lines == ["goes on"]
    return _state(stage, found[0])


@scenario
def cancel_twice(stage: Stage) -> str:
    task = stage.hire(_cleans_up(stage)).done()
    _cancel(stage, task)
    _cancel(stage, task)
    ends = stage.db.value("SELECT COUNT(*) AS n FROM events WHERE kind = 'run.cancelled'")
    return "cancelled once" if ends == 1 else f"cancelled {ends} times"


@scenario
def cancel_of_a_finished_run(stage: Stage) -> str:
    task = stage.hire(lambda work: "done").done()
    with suppress(Problem):
        _cancel(stage, task)
    return f"it stays as it ended: {_state(stage, task)}"
