"""Signals: what the world tells a run. Kept from the moment they arrive, also before the run waits for them."""

from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import events, hook_bodies, records, runs
from appliance.domain.actor import SYSTEM, Actor
from appliance.errors import Problem, invalid

PAYLOAD_BYTES = 64 * 1024
NAME_LIMIT = 100
IDEM_LIMIT = 255


class Signal(msgspec.Struct, frozen=True):
    """`seq` is the order of arrival; `step_key` names the wait that took it."""

    id: str
    run_id: str
    name: str
    idem: str
    seq: int
    payload: Any
    actor: str
    at: str
    step_key: str | None
    consumed_at: str | None


class NewSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `idem` every sending is another signal."""

    name: str
    payload: Any = None
    idem: str = ""


def send(db: Database, actor: Actor, run_id: str, name: str, payload: Any = None, idem: str = "") -> Signal:
    """Keep a signal and wake the run when it waits for this name. The same `idem` again answers the first one.

    Raises Problem(run_ended), Problem(too_large) over 64 KB of JSON, Problem(invalid).
    """
    actor.need("operator")
    text = checked(name, payload, idem)
    with db.transaction():
        run = runs.get(db, run_id)
        if idem and (earlier := _of(db, {"run_id": run_id, "name": name, "idem": idem})):
            return earlier
        if not run.open and run.state != "parked":
            raise Problem("run_ended", f"The run has ended ({run.state.replace('_', ' ')}); no signal reaches it.")
        about = {"task_id": run.task_id, "run_id": run_id, "agent_id": run.agent_id}
        seq = events.record(db, actor, "signal.sent", **about, name=name)
        row: Row = {"id": ids.new(), "run_id": run_id, "name": name, "idem": idem or ids.new(), "seq": seq}
        db.insert("signals", row | {"payload": text, "actor": actor.label, "at": clock.iso()})
        _wake(db, run_id, name)
    found = _of(db, {"run_id": run_id, "name": name, "idem": row["idem"]})
    assert found is not None
    return found


def take(db: Database, run_id: str, name: str, step_key: str) -> Signal | None:
    """The oldest signal of this name, used up by the wait `step_key`, in the transaction that completes the wait.

    The same wait again gets the same signal; None when none has arrived.
    """
    with db.transaction():
        if earlier := _of(db, {"run_id": run_id, "name": name, "step_key": step_key}):
            return earlier
        sql = """UPDATE signals SET consumed_at = :now, step_key = :key WHERE id = (
          SELECT id FROM signals WHERE run_id = :run AND name = :name AND consumed_at IS NULL ORDER BY seq LIMIT 1
        ) AND consumed_at IS NULL RETURNING *"""
        row = db.one(sql, {"run": run_id, "name": name, "key": step_key, "now": clock.iso()})
        if row is None:
            return None
        events.record(db, SYSTEM, "signal.taken", run_id=run_id, name=name)
    return records.to(Signal, row, ("payload",))


def of_run(db: Database, run_id: str) -> list[Signal]:
    """In the order they arrived."""
    rows = db.rows("SELECT * FROM signals WHERE run_id = :id ORDER BY seq", {"id": run_id})
    return [records.to(Signal, row, ("payload",)) for row in rows]


def arrived(db: Database, task_id: str, name: str, idem: str) -> bool:
    """Whether any run of the task was sent this signal with this `idem`."""
    sql = """SELECT 1 AS one FROM signals s JOIN runs r ON r.id = s.run_id
      WHERE r.task_id = :task AND s.name = :name AND s.idem = :idem"""
    return db.one(sql, {"task": task_id, "name": name, "idem": idem}) is not None


def check_name(name: str) -> None:
    """Raises Problem(invalid)."""
    if not name.strip() or len(name) > NAME_LIMIT:
        raise invalid(name=f"write between 1 and {NAME_LIMIT} characters")


def checked(name: str, payload: Any, idem: str) -> str:
    check_name(name)
    if hook_bodies.deeper(payload, hook_bodies.NESTING):
        raise invalid(payload=f"nest at most {hook_bodies.NESTING} levels")
    if len(idem) > IDEM_LIMIT:
        raise invalid(idem=f"take at most {IDEM_LIMIT} characters")
    text = records.dump(payload)
    if len(text.encode()) > PAYLOAD_BYTES:
        raise Problem("too_large", "A signal carries at most 64 KB; put more into a file and send its name.")
    return text


def _wake(db: Database, run_id: str, name: str) -> None:
    waits = "SELECT id FROM runs WHERE id = :id AND state = 'waiting' AND reason = 'signal' AND wait_key = :name"
    if db.one(waits, {"id": run_id, "name": name}):
        runs.wake(db, run_id)


def _of(db: Database, where: Row) -> Signal | None:
    row = db.one(f"SELECT * FROM signals WHERE {' AND '.join(f'{c} = :{c}' for c in where)}", where)
    return records.to(Signal, row, ("payload",)) if row else None
