"""Signals and timers."""

from typing import Any

from appliance import clock
from appliance.domain import claims, runs, signals
from appliance.domain.tasks import Task
from appliance.engine.work import Work
from appliance.errors import Problem
from tests.engine.programs import Act
from tests.semantics.ours.stage import Stage, scenario
from tests.waiting import until


def listens(count: int, seconds: float | None = 60) -> Act:
    """Takes one signal after the other, each within `seconds`; None for each that did not come."""

    def act(work: Work) -> str:
        return repr([work.signal("go", seconds) for _ in range(count)])

    return act


def _send(stage: Stage, task: Task, payload: Any, name: str = "go", idem: str = "") -> None:
    signals.send(stage.db, stage.floor.actor, stage.floor.run(task).id, name, payload, idem)


def _result(stage: Stage, task: Task) -> str:
    stage.floor.work()
    return stage.floor.now(task).result


@scenario
def signal_before_the_wait(stage: Stage) -> str:
    task = stage.hire(listens(1)).task()
    _send(stage, task, "early")
    return "taken by the wait" if _result(stage, task) == "['early']" else "lost"


@scenario
def same_signal_twice(stage: Stage) -> str:
    """With the same name of its sending, as a page sends for two clicks on one button."""
    task = stage.hire(listens(2)).task()
    for _ in range(2):
        _send(stage, task, "click", idem="button-7")
    stage.floor.work()
    with stage.floor.later(61):
        return {1: "taken once", 2: "taken twice"}[_result(stage, task).count("click")]


@scenario
def signals_in_order(stage: Stage) -> str:
    task = stage.hire(listens(3)).task()
    for n in range(3):
        _send(stage, task, n)
    return "in the order they were sent" if _result(stage, task) == "[0, 1, 2]" else "in another order"


@scenario
def signal_while_nobody_works(stage: Stage) -> str:
    task = stage.hire(listens(1)).done()
    _send(stage, task, "kept")
    return "taken when a worker is back" if _result(stage, task) == "['kept']" else "lost"


@scenario
def signal_that_does_not_come(stage: Stage) -> str:
    task = stage.hire(listens(1)).done()
    with stage.floor.later(61):
        return "the wait ends without one" if _result(stage, task) == "[None]" else "it waits on"


@scenario
def signal_after_its_wait(stage: Stage) -> str:
    task = stage.hire(listens(2)).done()
    with stage.floor.later(61):
        stage.floor.work()
        _send(stage, task, "late")
        return "taken by the next wait" if _result(stage, task) == "[None, 'late']" else "lost"


@scenario
def signal_before_the_time_limit(stage: Stage) -> str:
    task = stage.hire(listens(1, 3600)).done()
    _send(stage, task, "soon")
    return "goes on at once" if _result(stage, task) == "['soon']" else "waits for the time limit"


@scenario
def signal_nobody_waits_for(stage: Stage) -> str:
    task = stage.hire(listens(1)).done()
    _send(stage, task, "unused", name="other")
    _send(stage, task, "used")
    return "the run ends all the same" if _result(stage, task) == "['used']" else "the run waits"


@scenario
def signal_to_a_finished_run(stage: Stage) -> str:
    task = stage.hire(listens(0)).done()
    try:
        _send(stage, task, "late")
    except Problem as problem:
        assert problem.code == "run_ended"
        return "refused"
    return "taken"


def _sleeps(stage: Stage, seconds: float, line: str = "woke") -> Act:
    def act(work: Work) -> str:
        work.sleep("nap", seconds)
        return work.step(line, stage.note(line))

    return act


@scenario
def timers_in_order(stage: Stage) -> str:
    """Both are over when somebody looks, and the one made first is due last."""
    tasks = [stage.hire(_sleeps(stage, s, line), line).task() for s, line in ((0.02, "late"), (0.01, "soon"))]
    with clock.frozen(clock.now()):
        stage.floor.work()
    until(lambda: all(stage.floor.run(task).ready_at <= clock.iso() for task in tasks))
    stage.floor.sweeper.sweep()
    stage.floor.work()
    return "in the order they come due" if stage.lines == ["soon", "late"] else "in another order"


@scenario
def timer_over_while_down(stage: Stage) -> str:
    task = stage.hire(_sleeps(stage, 60)).done()
    with stage.floor.later(3600):
        stage.floor.work()
    return "goes on at the start" if stage.floor.run(task).state == "succeeded" else "sleeps anew"


@scenario
def timer_after_a_crash(stage: Stage) -> str:
    """The run is taken up in the middle of its sleep; it goes back to it for the rest."""
    with clock.frozen(clock.now()):
        task = stage.hire(_sleeps(stage, 60)).done()
        due = stage.floor.run(task).ready_at
        with stage.floor.later(30), stage.db.transaction():
            runs.wake(stage.db, stage.floor.run(task).id)
        with stage.floor.later(30):
            stage.floor.work()
        assert not claims.has_ready(stage.db)
    return "ends when it would have" if stage.floor.run(task).ready_at == due else "ends later"
