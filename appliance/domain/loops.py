"""Loops: what wakes the same work again and again is counted, and stopped with one question to a person.

Counted is each run that the engine or an agent caused, from the moment it is queued, so that one whose worker dies
before it does anything counts too. What people start is never held.
"""

from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain import approval_uses, approvals, events, preferences, progress, records
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.approvals import Ask
from appliance.domain.wake_rows import Wake

# Preferences with their defaults: runs without progress by task and reason, runs of a chain that no person looked at,
# wakes from the first of a chain down, and wakes that one run may cause.
AGAIN = ("breaker_runs", 5)
CHAIN = ("breaker_chain", 50)
DEPTH = ("wake_depth", 8)
FANOUT = ("wake_fanout", 50)
LEAST = 2


class Breaker(msgspec.Struct, frozen=True):
    """`scope` is task (`subject` is agent:task:reason), chain, depth or fanout.

    `failures` counts runs without progress since `window_at`; `recurrences` how often it has stopped work before, which
    a verdict never resets. `spent_nano` is what the work had cost within the hour when it was stopped, nano-dollars.
    """

    id: str
    scope: str
    subject: str
    failures: int
    recurrences: int
    spent_nano: int
    window_at: str
    tripped_at: str | None
    approval_id: str | None


def limit(db: Database, named: tuple[str, int]) -> int:
    return int(preferences.get(db, *named))


def over_limit(db: Database, wake: Wake) -> Breaker | None:
    """The breaker of a chain that is too deep, or of a run that woke too many; asked about once. In a transaction."""
    if wake.origin_run is None:
        return None
    deepest = _breaker(db, "depth", wake.chain)
    if wake.depth > limit(db, DEPTH) * (1 + _allowed(deepest)):
        return _trip(db, deepest, wake, f"The chain of tasks that wake each other is {wake.depth} deep.")
    widest = _breaker(db, "fanout", wake.origin_run)
    sql = "SELECT COUNT(*) AS n FROM wakes WHERE origin_run = :run AND state NOT IN ('dropped', 'coalesced')"
    if db.value(sql, {"run": wake.origin_run}) >= limit(db, FANOUT) * (1 + _allowed(widest)):
        return _trip(db, widest, wake, f"One run has woken {limit(db, FANOUT)} others and goes on.")
    return None


def hold_or_count(db: Database, wake: Wake) -> Breaker | None:
    """The breaker that stops this wake; otherwise None, and one more run of the same work is counted.

    Whether that run was progress is known when the next one is asked for. In a transaction.
    """
    judged = []
    for found in _about(db, wake):
        if found.tripped_at:
            return found
        current = _forgotten(db, found, wake) or found
        if said := _looping(db, current, wake):
            return _trip(db, current, wake, said)
        judged.append(current)
    for current in judged:
        _save(db, current, failures=current.failures + 1)
    return None


def _about(db: Database, wake: Wake) -> list[Breaker]:
    """Of the task and reason; of the chain from its second run on."""
    chain = [_breaker(db, "chain", wake.chain)] if wake.origin_run else []
    return [_breaker(db, "task", subject(wake)), *chain]


def lift(db: Database, actor: Actor, agent_id: str, task_id: str) -> None:
    """A person starts the work anew: its breakers close, and what they asked is taken back. In a transaction."""
    sql = """SELECT * FROM breakers WHERE tripped_at IS NOT NULL AND scope = 'task'
      AND subject >= :first AND subject < :past"""
    for row in db.rows(sql, {"first": f"{agent_id}:{task_id}:", "past": f"{agent_id}:{task_id};"}):
        found = records.to(Breaker, row)
        taken = "UPDATE approvals SET state = 'withdrawn' WHERE id = :id AND state = 'pending' RETURNING *"
        if asked := db.one(taken, {"id": found.approval_id}):
            approval_uses.tell(db, actor, "withdrawn", asked)
        close(db, actor, found)


def close(db: Database, actor: Actor, found: Breaker) -> None:
    """Work goes on. What it did before is not forgotten: the next time it is stopped sooner."""
    _save(db, found, failures=0, tripped_at=None, window_at=clock.iso())
    events.record(db, actor, "breaker.closed", breaker_id=found.id, scope=found.scope)


def prune(db: Database) -> int:
    """Forget what was counted more than a week ago and never stopped anything; how many rows."""
    sql = "DELETE FROM breakers WHERE recurrences = 0 AND tripped_at IS NULL AND updated_at < :week"
    return db.execute(sql, {"week": clock.ahead(-progress.WEEK_S)})


def of_approval(db: Database, approval_id: str) -> Breaker | None:
    row = db.one("SELECT * FROM breakers WHERE approval_id = :id", {"id": approval_id})
    return records.to(Breaker, row) if row else None


def stands(db: Database, breaker_id: str) -> bool:
    """Whether it still stops what it stopped."""
    return db.one("SELECT id FROM breakers WHERE id = :id AND tripped_at IS NOT NULL", {"id": breaker_id}) is not None


def subject(wake: Wake) -> str:
    return f"{wake.agent_id}:{wake.task_id}:{wake.reason}"


def threshold(db: Database, found: Breaker) -> int:
    """Runs without progress that are let through: fewer each time it has happened before."""
    return max(LEAST, limit(db, AGAIN if found.scope == "task" else CHAIN) // (1 + found.recurrences))


def _allowed(found: Breaker) -> int:
    """How often a person has let it go beyond the limit."""
    return found.recurrences - (found.tripped_at is not None)


def _looping(db: Database, found: Breaker, wake: Wake) -> str:
    """What is wrong, as a sentence; "" when nothing is."""
    if found.failures >= threshold(db, found):
        return f"{found.failures} runs led to nothing new: no new file, no sub-task done, no word from a person."
    if not found.failures:
        return ""
    most = progress.hourly_limit(db, wake.agent_id, wake.task_id)
    spent = _spent(db, found, wake)
    if most is None or spent <= most:
        return ""
    return f"It spent ${spent / progress.NANO:.2f} within an hour; ${most / progress.NANO:.2f} is what it may."


def _forgotten(db: Database, found: Breaker, wake: Wake) -> Breaker | None:
    """The breaker counting from now on, when there was progress since it began to."""
    if not found.failures:
        return None
    made = (
        progress.of_task(db, wake.task_id, found.window_at)
        if found.scope == "task"
        else progress.of_chain(db, wake.chain, found.window_at)
    )
    return _save(db, found, failures=0, window_at=clock.iso()) if made else None


def _trip(db: Database, found: Breaker, wake: Wake, said: str) -> Breaker:
    """Stop it and ask, unless somebody was asked already and has not said yes."""
    if found.tripped_at:
        return found
    cost = _spent(db, found, wake)
    agent, number, title = _names(db, wake)
    detail = (
        f"{said} {agent} was woken for #{number} {title} because of “{wake.reason.replace('_', ' ')}”; within the last "
        f"hour that cost ${cost / progress.NANO:.4f}. Further wakes of this kind are held until you decide."
    )
    payload: dict[str, Any] = {
        "scope": found.scope,
        "subject": found.subject,
        "reason": wake.reason,
        "chain": wake.chain,
    }
    payload |= {"failures": found.failures, "recurrences": found.recurrences, "spent_nano": cost}
    asked = Ask("breaker", f"{agent} seems to go round in circles on #{number} {title}"[:300], detail, payload)
    about = {"task_id": wake.task_id, "agent_id": wake.agent_id}
    approval = approvals.ask(db, SYSTEM, asked, step_key=f"breaker:{found.id}", **about)
    events.record(db, SYSTEM, "breaker.tripped", **about, breaker_id=found.id, scope=found.scope)
    more = {"recurrences": found.recurrences + 1, "spent_nano": cost}
    return _save(db, found, tripped_at=clock.iso(), approval_id=approval.id, **more)


def _spent(db: Database, found: Breaker, wake: Wake) -> int:
    column, of = ("task_id", wake.task_id) if found.scope == "task" else ("chain", wake.chain)
    return progress.spent(db, column, of)


def _names(db: Database, wake: Wake) -> tuple[str, int, str]:
    sql = "SELECT a.name, t.number, t.title FROM tasks t, agents a WHERE t.id = :task AND a.id = :agent"
    row = db.rows(sql, {"task": wake.task_id, "agent": wake.agent_id})[0]
    return row["name"], row["number"], row["title"]


def _breaker(db: Database, scope: str, of: str) -> Breaker:
    row = db.one("SELECT * FROM breakers WHERE scope = :scope AND subject = :of", {"scope": scope, "of": of})
    return records.to(Breaker, row) if row else Breaker(ids.new(), scope, of, 0, 0, 0, clock.iso(), None, None)


def _save(db: Database, found: Breaker, **values: Any) -> Breaker:
    """Its first row is written with the first run that counts."""
    kept = msgspec.structs.replace(found, **values)
    db.upsert("breakers", msgspec.structs.asdict(kept) | {"updated_at": clock.iso()}, ("id",))
    return kept
