"""Signals to an instance: kept from the moment they arrive, also before a step waits for them."""

from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import records


class Signal(msgspec.Struct, frozen=True):
    """`seq` is the order of arrival; `path` names the step that took it."""

    id: str
    instance_id: str
    name: str
    idem: str
    seq: int
    payload: Any
    actor: str
    at: str
    path: str | None
    consumed_at: str | None


def of(db: Database, instance_id: str) -> list[Signal]:
    """In the order they arrived."""
    rows = db.rows("SELECT * FROM instance_signals WHERE instance_id = :id ORDER BY seq", {"id": instance_id})
    return [_signal(row) for row in rows]


def known(db: Database, instance_id: str, name: str, idem: str) -> Signal | None:
    """The one that was sent with this `idem`."""
    sql = "SELECT * FROM instance_signals WHERE instance_id = :id AND name = :name AND idem = :idem"
    row = db.one(sql, {"id": instance_id, "name": name, "idem": idem})
    return _signal(row) if row else None


def keep(db: Database, actor: str, instance_id: str, name: str, payload: str, idem: str) -> Signal:
    """Store one, in a transaction; `payload` is JSON."""
    row: Row = {"id": ids.new(), "instance_id": instance_id, "name": name, "idem": idem or ids.new()}
    row |= {"seq": db.next_number("instance_signal"), "payload": payload, "actor": actor, "at": clock.iso()}
    db.insert("instance_signals", row)
    return _signal(row | {"path": None, "consumed_at": None})


def take(db: Database, instance_id: str, name: str, path: str) -> Signal | None:
    """The oldest of this name, used up by the step, in the transaction that ends it."""
    sql = """UPDATE instance_signals SET consumed_at = :now, path = :path WHERE id = (
      SELECT id FROM instance_signals WHERE instance_id = :id AND name = :name AND consumed_at IS NULL
      ORDER BY seq LIMIT 1) RETURNING *"""
    row = db.one(sql, {"id": instance_id, "name": name, "path": path, "now": clock.iso()})
    return _signal(row) if row else None


def _signal(row: Row) -> Signal:
    return records.to(Signal, row, ("payload",))
