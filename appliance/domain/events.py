"""The event log: the only notification in the domain. Events carry ids, not payloads."""

from typing import Any, NamedTuple

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import chain, records
from appliance.domain.actor import Actor


class Event(msgspec.Struct, frozen=True):
    seq: int
    at: str
    kind: str
    actor: str
    task_id: str | None
    run_id: str | None
    agent_id: str | None
    data: dict[str, Any]


def record(
    db: Database,
    actor: Actor,
    kind: str,
    *,
    task_id: str | None = None,
    run_id: str | None = None,
    agent_id: str | None = None,
    **data: Any,
) -> int:
    """Append one event to the open transaction; readers hear of it after the commit. Returns its number."""
    row: Row = {"at": clock.iso(), "kind": kind, "actor": actor.label}
    row |= {"task_id": task_id, "run_id": run_id, "agent_id": agent_id, "data": records.dump(data)}
    return chain.append(db, [row])


def record_all(db: Database, actor: Actor, kind: str, about: list[dict[str, str]], **data: Any) -> None:
    """One event of this kind about each set of ids; `data` is the same for all."""
    now, same = clock.iso(), records.dump(data)
    empty: Row = {"task_id": None, "run_id": None, "agent_id": None}
    chain.append(db, [{"at": now, "kind": kind, "actor": actor.label, **empty, **ids_, "data": same} for ids_ in about])


class Line(NamedTuple):
    """An event to come: `ids` are those it is about, by their columns."""

    actor: Actor
    kind: str
    ids: dict[str, str | None]
    data: dict[str, Any] = {}


def following(db: Database) -> int:
    """The number of the next event of the open transaction."""
    return chain.head(db).seq + 1


def record_each(db: Database, lines: list[Line]) -> None:
    """Append events that have nothing in common, in their order."""
    now = clock.iso()
    empty: Row = {"task_id": None, "run_id": None, "agent_id": None}
    rows = [
        {"at": now, "kind": kind, "actor": actor.label, **empty, **about, "data": records.dump(data)}
        for actor, kind, about, data in lines
    ]
    chain.append(db, rows)


def since(db: Database, seq: int, limit: int = 500) -> list[Event]:
    """Events after `seq`, oldest first."""
    rows = db.rows("SELECT * FROM events WHERE seq > :seq ORDER BY seq LIMIT :limit", {"seq": seq, "limit": limit})
    return [records.to(Event, row, ("data",)) for row in rows]


def last(db: Database) -> int:
    return int(db.value("SELECT COALESCE(MAX(seq), 0) AS seq FROM events"))


def recent(db: Database, limit: int = 20) -> list[Event]:
    """The newest events, newest first."""
    rows = db.rows("SELECT * FROM events ORDER BY seq DESC LIMIT :limit", {"limit": limit})
    return [records.to(Event, row, ("data",)) for row in rows]
