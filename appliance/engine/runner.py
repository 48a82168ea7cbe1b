"""Carries out one claimed run and stores what came of it: the border between a run and whatever it raises."""

from collections.abc import Callable
from pathlib import Path

from appliance.calls import Calls
from appliance.db.database import Database, Row
from appliance.domain import claims, doubt, endings, runs, waits
from appliance.domain.budgets import OverBudget
from appliance.domain.run_codes import CODES
from appliance.domain.runs import Run
from appliance.doors import Halt
from appliance.engine import planner
from appliance.engine.bodies import BODIES
from appliance.engine.journal import Cancelled, InDoubt, Journal, Mismatch, Waits
from appliance.engine.planner import Verdict
from appliance.engine.waiting import NoLongerApproved
from appliance.engine.work import Ended, Stopping, Work
from appliance.errors import Problem
from appliance.gateway.failures import ProviderFailure

TRANSIENT = ("disk_full", "unavailable", "maintenance")
RETRY_S = 30


def work(
    db: Database,
    calls: Calls,
    files: Path,
    run: Run,
    lease_s: float,
    stopping: Halt,
    blocking: Callable[[], None] | None = None,
    ended: Callable[[], None] = lambda: None,
    looked: Row | None = None,
) -> str | None:
    """Carry a claimed run to its end or to a wait, and store which. Raises FenceLost when another worker took it.

    `blocking` is called before each wait for a model's answer, `ended` in the transaction that completes the run. The
    result of a quick run is given back instead, to be stored with others. `looked` is for the run's briefing.
    """
    body = BODIES.get(run.runtime)
    if body is None:
        with db.transaction():
            runs.park(
                db, run, "version", f"This program does not know the runtime {run.runtime}. Update it, then retry."
            )
        return None
    try:
        journal = Journal(db, run, lease_s, files, blocking, ended)
        result = body.act(Work(journal, calls, stopping, looked))
        if result is None or body.quick:
            return result
        with db.transaction():
            endings.complete(db, run, result, {})
            ended()
    except ProviderFailure as failure:
        if failure.code == "cancelled" and not runs.get(db, run.id).cancel_requested:
            # The gateway closed under the call: nobody asked this run to end.
            claims.give_back(db, run)
        else:
            _store(db, run, planner.after_failure(failure, journal.attempts(), run.id))
    except Problem as problem:
        _store_problem(db, run, problem)
    except _TOLD as told:
        _store_told(db, run, told)
    return None


_TOLD = (Ended, Waits, Stopping, Cancelled, InDoubt, Mismatch, NoLongerApproved)


def _store_told(db: Database, run: Run, told: Exception) -> None:
    with db.transaction():
        match told:
            case Ended():
                _store(db, run, told.verdict)
            case Stopping():
                claims.give_back(db, run)
            case Cancelled():
                endings.stop(db, run)
            case InDoubt():
                doubt.park(db, run, told.step)
            case Mismatch():
                runs.park(db, run, "mismatch", f"{told} {CODES['mismatch'].what_to_do}")
            case NoLongerApproved():
                waits.for_time(db, run, "timer", 1, "An approval ran out before it was used.")


def _store(db: Database, run: Run, verdict: Verdict) -> None:
    with db.transaction():
        if verdict.state == "waiting":
            waits.for_time(db, run, verdict.reason, verdict.seconds, verdict.detail)
        elif verdict.state == "cancelled":
            endings.stop(db, run)
        else:
            endings.fail(db, run, verdict.state, verdict.code, verdict.detail, verdict.reason)


def _store_problem(db: Database, run: Run, problem: Problem) -> None:
    with db.transaction():
        if isinstance(problem, OverBudget):
            waits.for_budget(db, run, problem)
        elif problem.code in TRANSIENT:
            waits.for_time(db, run, "timer", RETRY_S, problem.detail)
        else:
            endings.fail(db, run, "failed", problem.code, problem.detail, "capability")
