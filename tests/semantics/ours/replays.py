"""The code of a run when it is run again from its log: unchanged, and changed meanwhile."""

from typing import Any

from appliance import clock
from appliance.domain import claims, lifecycle, signals
from appliance.domain.tasks import Task
from appliance.engine import bodies
from appliance.engine.work import Work
from tests.engine.programs import Act
from tests.semantics.ours.stage import Stage, scenario


def _one(stage: Stage) -> Act:
    def act(work: Work) -> str:
        _step(stage, work, "a", 1)
        work.signal("go")
        return "done"

    return act


def _step(stage: Stage, work: Work, name: str, given: Any = None) -> str:
    return work.step(name, stage.note(name), given)


def _deploy(stage: Stage, before: Act, after: Act) -> Task:
    """Run `before` up to its wait, then go on with `after`."""
    program = stage.hire(before)
    task = program.done()
    program.change(after)
    signals.send(stage.db, stage.floor.actor, stage.floor.run(task).id, "go")
    stage.floor.work()
    return stage.floor.now(task)


def _told(stage: Stage, after: Act) -> str:
    run = stage.floor.run(_deploy(stage, _one(stage), after))
    if (run.state, run.reason) == ("parked", "mismatch"):
        return "set aside, a person decides"
    return f"goes on: {', '.join(stage.lines)}"


@scenario
def step_put_before_a_recorded_one(stage: Stage) -> str:
    def inserted(work: Work) -> str | None:
        _step(stage, work, "other")
        return _one(stage)(work)

    return _told(stage, inserted)


@scenario
def step_added_at_the_end(stage: Stage) -> str:
    def added(work: Work) -> str:
        _one(stage)(work)
        return _step(stage, work, "b")

    return _told(stage, added)


@scenario
def step_taken_away(stage: Stage) -> str:
    def shorter(work: Work) -> str:
        work.signal("go")
        return _step(stage, work, "b")

    return _told(stage, shorter)


@scenario
def step_with_another_input(stage: Stage) -> str:
    def other(work: Work) -> str:
        got = _step(stage, work, "a", 2)
        work.signal("go")
        return got

    return _told(stage, other)


@scenario
def clock_outside_a_step(stage: Stage) -> str:
    seen: list[str] = []

    def reads(work: Work) -> str | None:
        seen.append(clock.iso())
        return _one(stage)(work)

    _deploy(stage, reads, reads)
    return "the same time again" if len(set(seen)) == 1 else "another time"


@scenario
def effect_outside_a_step(stage: Stage) -> str:
    def prints(work: Work) -> str | None:
        stage.lines.append("printed")
        return _one(stage)(work)

    _deploy(stage, prints, prints)
    return "done again at each replay" if stage.lines.count("printed") > 1 else "done once"


@scenario
def defect_in_the_code(stage: Stage) -> str:
    def broken(work: Work) -> str:
        raise KeyError("defect")

    program = stage.hire(broken)
    task, tries = program.task(), 0
    while claims.has_ready(stage.db):
        tries += 1
        try:
            stage.floor.new_pump("mortal").serve(stage.floor.tenant.id)
        except KeyError:
            stage.floor.take_back()
    run = stage.floor.run(task)
    assert (run.state, run.reason) == ("parked", "poison")
    program.change(lambda work: "mended")
    return f"set aside after {tries} tries; {_retried(stage, task)} when the code is mended"


def _retried(stage: Stage, task: Task) -> str:
    lifecycle.retry(stage.db, stage.floor.actor, task.id)
    stage.floor.work()
    return "a person retries it" if stage.floor.now(task).state == "done" else "it is lost"


@scenario
def code_nobody_knows(stage: Stage) -> str:
    task = stage.hire(lambda work: "done").task()
    known = bodies.BODIES.pop("prog")
    stage.floor.work()
    run = stage.floor.run(task)
    bodies.BODIES["prog"] = known
    assert (run.state, run.reason) == ("parked", "version")
    return f"set aside; {_retried(stage, task)} when the code is there"


@scenario
def definition_changed_meanwhile(stage: Stage) -> str:
    """An agent's instructions are its definition; what the model reads is in the conversation from the start."""
    floor = stage.floor
    task = floor.done("sim: fail 503 x4", "sim: say done")
    floor.change_agent(instructions="Do it all in another way.")
    run = floor.run(task)
    with floor.later(3600):
        floor.work()
    brief = stage.db.rows("SELECT content FROM messages WHERE run_id = :id ORDER BY seq", {"id": run.id})
    old = not any("in another way" in row["content"] for row in brief) and floor.run(task).agent_revision == 1
    return f"an open run goes on with the {'old' if old else 'new'} one"


@scenario
def two_steps_at_once(stage: Stage) -> str:
    def pair(work: Work) -> str:
        for name in ("a", "b"):
            work.step(name, lambda key: stage.lines.extend((f"begin {key[-1]}", f"end {key[-1]}")))
        return "done"

    stage.play(pair)
    return "one after the other" if stage.lines == ["begin a", "end a", "begin b", "end b"] else "at the same time"
