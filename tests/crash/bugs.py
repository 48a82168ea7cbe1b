"""Bugs to seed: each is a mistake that a durable engine must not make, and that the suite has to notice.

A suite that passes with one of these proves nothing. They are patched into a worker of the suite, never shipped.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import approvals, budgets, claims, endings, idempotency, runs, signals, spent, steps
from appliance.domain.actor import SYSTEM
from appliance.engine import effects, waiting
from appliance.engine.effects import Act
from appliance.engine.journal import Journal
from appliance.engine.work import Work
from tests.crash.plays import Play


def effect_outside_the_step() -> None:
    """The effect commits, then its record."""
    real = effects._do

    def do(journal: Journal, key: str, act: Act[Any], before: Any, approval: Any = None) -> Any:
        if act.effect != "tx":
            return real(journal, key, act, before, approval)
        with journal.db.transaction():
            value = act.do(key)
        return effects._record(journal, key, act, value, "", before, approval)

    effects._do = do


def no_fence_check() -> None:
    """Whoever once had the run goes on writing."""

    def hold(db: Database, run: runs.Run, lease_seconds: float, progress: bool = False) -> bool:
        return False

    def move(db: Database, run: runs.Run, state: str, **values: Any) -> None:
        db.update("runs", {"id": run.id}, state=state, lease_until=None, lease_owner="", **values)

    def book(db: Database, run: runs.Run, lease_seconds: float, cost_nano: int) -> bool:
        really(db, run, lease_seconds, cost_nano)
        return True

    def save_all(db: Database, run: runs.Run, made: Any, files: Any, last: int, known: Any) -> None:
        saved(db, run, made, files, last, {step.key for step, _ in made})

    really, claims.book = claims.book, book
    # A row that is there already would be refused: the second line of defence is down as well.
    saved, steps.save_all = steps.save_all, save_all
    claims.hold = hold
    runs._move = move
    # The way of batches checks it in its one statement.
    endings._plain = lambda db, task_ids: set()
    Journal.check = lambda self, looked=None: None


def child_signal_later() -> None:
    """The child's end commits, then the news of it."""

    def end(work: Work, parent: str) -> None:
        with work.journal.held():
            endings.complete(work.journal.db, work.journal.run, "done", {})
        signals.send(work.journal.db, SYSTEM, parent, "child", work.journal.run.id, work.journal.run.id)

    Play.end_with_parent = staticmethod(end)


def approval_consumed_early() -> None:
    """The approval is used up when it is read, before the run is ready to begin the effect."""
    real = waiting.decided

    def decided(journal: Journal, key: str, ask: Any) -> Any:
        found = real(journal, key, ask)
        if found.state == "approved":
            approvals.consume(journal.db, found.id, found.digest)
        return found

    waiting.decided = decided
    effects._spend = lambda journal, approval: None


def intent_ignored() -> None:
    """What was begun is begun again."""
    effects._after_crash = effects._do


def fence_not_bumped() -> None:
    """A lease is voided and given to another worker under the same fence."""
    real = claims._take

    def take(db: Database, owner: str, lease_seconds: float, chosen: list[Row]) -> list[runs.Run]:
        found = real(db, owner, lease_seconds, chosen)
        for run in found:
            db.update("runs", {"id": run.id}, fence=1)
        return [msgspec.structs.replace(run, fence=1) for run in found]

    claims._take = take


def reservation_kept() -> None:
    """The call is settled and its reservation stays."""
    budgets.settle_all = lambda db, costs, sent: spent.add(db, costs, sent, clock.now())


def key_not_kept() -> None:
    """An Idempotency-Key is good for any number of submissions."""
    idempotency.claim = lambda db, claim: True


class Seeded(NamedTuple):
    """A bug, the oracle that has to notice it, and the acts that bring it to light; `by` killing or stopping."""

    install: Callable[[], None]
    oracle: str
    acts: str
    by: str = "kills"


BUGS = {
    "effect_outside_the_step": Seeded(effect_outside_the_step, "O2", "inside"),
    "no_fence_check": Seeded(no_fence_check, "O2", "inside,inside", "stops"),
    "child_signal_later": Seeded(child_signal_later, "O1", "family"),
    "approval_consumed_early": Seeded(approval_consumed_early, "O5", "once"),
    "intent_ignored": Seeded(intent_ignored, "O3", "once"),
    "fence_not_bumped": Seeded(fence_not_bumped, "O4", "inside,inside"),
    "reservation_kept": Seeded(reservation_kept, "O6", "model"),
    "key_not_kept": Seeded(key_not_kept, "O1", "quick"),
}
