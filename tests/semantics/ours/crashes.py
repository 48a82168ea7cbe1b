"""Failures and dead workers."""

from appliance import clock
from appliance.domain import claims, lifecycle, runs
from appliance.domain.runs import FenceLost, Run
from appliance.engine.work import Work
from tests.engine.floor import LEASE_S, Dead
from tests.semantics.ours.stage import Stage, scenario, two_steps

MANY = 100


@scenario
def number_of_the_attempt(stage: Stage) -> str:
    return f"attempt {stage.floor.run(stage.play(two_steps(stage))).attempt}"


@scenario
def recorded_step(stage: Stage) -> str:
    stage.play(two_steps(stage))
    return stage.times("first")


@scenario
def unrecorded_step(stage: Stage) -> str:
    stage.play(two_steps(stage))
    return stage.times("second")


@scenario
def effect_in_own_database(stage: Stage) -> str:
    """The tenant's database holds effect and record; what a dead worker had begun is rolled back with both."""

    def act(work: Work) -> str:
        def count(key: str) -> int:
            seen = work.journal.db.next_number("seen")
            stage.note("tried", deaths=1)(key)
            return seen

        return str(work.step("count", count, effect="tx"))

    stage.play(act)
    assert stage.times("tried") == "done twice"
    return "done once" if stage.db.value("SELECT value FROM counters WHERE name = 'seen'") == 1 else "done twice"


@scenario
def effect_at_most_once(stage: Stage) -> str:
    run = stage.floor.run(stage.play(two_steps(stage, effect="once")))
    assert (run.state, run.reason) == ("parked", "in_doubt")
    return f"{stage.times('second')}, then a person is asked whether it happened"


@scenario
def dies_at_the_same_step(stage: Stage) -> str:
    run = stage.floor.run(stage.play(two_steps(stage, deaths=1000)))
    assert (run.state, run.reason) == ("parked", "poison")
    return f"set aside after {run.claims_without_progress} deaths without progress"


@scenario
def error_that_goes_away(stage: Stage) -> str:
    task = stage.floor.done("sim: fail 503 x2", "sim: say done")
    run = _waited_out(stage, stage.floor.run(task))
    assert run.state == "succeeded"
    [step] = [step for step in stage.floor.steps(task) if step.kind == "model"]
    return f"the same run succeeds at try {step.attempts}"


@scenario
def error_that_stays(stage: Stage) -> str:
    task = stage.floor.done("sim: fail 503")
    assert _waited_out(stage, stage.floor.run(task)).state == "failed"
    [step] = [step for step in stage.floor.steps(task) if step.kind == "model"]
    assert stage.floor.now(task).state == "blocked"
    return f"given up after {step.attempts} tries, a person is told"


@scenario
def error_that_no_retry_helps(stage: Stage) -> str:
    task = stage.floor.done("sim: fail 401")
    assert stage.floor.run(task).state == "failed"
    tries = stage.floor.ledger(task)[0].attempts
    return f"fails after {tries} try"


@scenario
def pauses_between_tries(stage: Stage) -> str:
    """Between the tries of a run; within one call there are shorter ones."""
    run, pauses, now = stage.floor.run(stage.floor.done("sim: fail 503")), [], clock.iso()
    for _ in range(3):
        pauses.append(clock.seconds_between(now, run.ready_at))
        now, run = run.ready_at, _once_more(stage, run)
    return "each longer than the one before" if 0 < pauses[0] < pauses[1] < pauses[2] else str(pauses)


@scenario
def pause_the_other_side_asks_for(stage: Stage) -> str:
    task = stage.floor.task("sim: fail 429 retry-after 7 x9", "sim: say done")
    with clock.frozen(clock.now()):
        stage.floor.work()
        return f"after {clock.seconds_between(clock.iso(), stage.floor.run(task).ready_at):.0f} s"


@scenario
def retry_of_a_failed_run(stage: Stage) -> str:
    task = stage.play(two_steps(stage, deaths=1000))
    before = stage.floor.run(task)
    lifecycle.retry(stage.db, stage.floor.actor, task.id)
    stage.carry_out(task)
    after = stage.floor.run(task)
    new = "a new run" if after.id != before.id else "the same run"
    return f"{new}, attempt {after.attempt}, its first step is done again" if stage.lines.count("first") == 2 else new


@scenario
def progress_inside_a_step(stage: Stage) -> str:
    def act(work: Work) -> str:
        def count(key: str) -> str:
            for part in ("one", "two", "three"):
                stage.note(part)(key)
                if part == "three" and stage.lines.count("three") == 1:
                    raise Dead
            return "counted"

        return work.step("count", count)

    stage.play(act)
    return "begins the step anew" if stage.lines.count("one") == 2 else "goes on from the last heartbeat"


@scenario
def worker_that_goes_silent(stage: Stage) -> str:
    stage.hire(two_steps(stage, deaths=0)).task()
    silent = stage.floor.claim("silent")
    with stage.floor.later(LEASE_S + 1):
        stage.floor.work()
    return "another takes over" if runs.get(stage.db, silent.id).state == "succeeded" else "nobody notices"


@scenario
def answer_of_a_worker_thought_dead(stage: Stage) -> str:
    stage.hire(two_steps(stage, deaths=0)).task()
    late = stage.floor.claim("silent")
    claims.release(stage.db, "lease_owner = :owner", {"owner": "silent"})
    stage.floor.claim("next")
    try:
        with stage.db.transaction():
            claims.hold(stage.db, late, LEASE_S)
    except FenceLost:
        return "refused"
    return "taken"


def _waited_out(stage: Stage, run: Run) -> Run:
    for _ in range(MANY):
        if run.state != "waiting":
            return run
        run = _once_more(stage, run)
    return run


def _once_more(stage: Stage, run: Run) -> Run:
    """The moment after its pause."""
    with stage.floor.later(clock.seconds_between(clock.iso(), run.ready_at) + 0.1):
        stage.floor.work()
    return runs.get(stage.db, run.id)
