"""The event log: the only notification in the domain. Events carry ids, not payloads."""

from typing import Any

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import chain, records
from appliance.domain.actor import Actor
from appliance.domain.records import Page


class Event(msgspec.Struct, frozen=True):
    seq: int
    at: str
    kind: str
    actor: str
    task_id: str | None
    run_id: str | None
    agent_id: str | None
    data: dict[str, Any]


class Told(Event, frozen=True):
    """An event with what its ids stand for, for people."""

    task_number: int | None = None
    task_title: str | None = None
    agent_name: str | None = None


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
    row: Row = {"seq": db.next_number("event"), "at": clock.iso(), "kind": kind, "actor": actor.label}
    row |= {"task_id": task_id, "run_id": run_id, "agent_id": agent_id, "data": records.dump(data)}
    [stored] = chain.linked(db, [row])
    db.insert("events", stored)
    db.announce(stored)
    return int(row["seq"])


def record_all(db: Database, actor: Actor, kind: str, about: list[dict[str, str]], **data: Any) -> None:
    """One event of this kind about each set of ids, in one statement; `data` is the same for all."""
    if not about:
        return
    now, last, same = clock.iso(), db.next_number("event", len(about)), records.dump(data)
    empty: Row = {"task_id": None, "run_id": None, "agent_id": None}
    rows: list[Row] = [
        {"seq": seq, "at": now, "kind": kind, "actor": actor.label, **empty, **ids_, "data": same}
        for seq, ids_ in enumerate(about, last - len(about) + 1)
    ]
    rows = chain.linked(db, rows)
    db.insert_all("events", rows)
    for row in rows:
        db.announce(row)


def since(db: Database, seq: int, limit: int = 500) -> list[Event]:
    """Events after `seq`, oldest first."""
    rows = db.rows("SELECT * FROM events WHERE seq > :seq ORDER BY seq LIMIT :limit", {"seq": seq, "limit": limit})
    return [records.to(Event, row, ("data",)) for row in rows]


def of_run(db: Database, task_id: str, run_id: str) -> list[Event]:
    """What became of a run as a whole, oldest first; its steps are not among them."""
    sql = """SELECT * FROM events WHERE task_id = :task_id AND run_id = :run_id AND kind >= 'run.' AND kind < 'run/'
      ORDER BY seq"""
    rows = db.rows(sql, {"task_id": task_id, "run_id": run_id})
    return [records.to(Event, row, ("data",)) for row in rows]


def last(db: Database) -> int:
    return int(db.value("SELECT COALESCE(MAX(seq), 0) AS seq FROM events"))


def recent(db: Database, limit: int = 20) -> list[Event]:
    """The newest events, newest first."""
    rows = db.rows("SELECT * FROM events ORDER BY seq DESC LIMIT :limit", {"limit": limit})
    return [records.to(Event, row, ("data",)) for row in rows]


def listing(
    db: Database,
    noun: str = "",
    task_id: str = "",
    agent_id: str = "",
    limit: int = records.LIMIT,
    cursor: str = "",
) -> Page[Told]:
    """Newest first; `noun` is the first word of a kind; steps only on request. Raises Problem(bad_cursor)."""
    given: Row = {"limit": max(1, min(limit, records.LIMIT_MAX)), "task_id": task_id, "agent_id": agent_id}
    tests = [f"e.{column} = :{column}" for column in ("task_id", "agent_id") if given[column]]
    if noun:
        # A range instead of LIKE: `_` and `%` in the noun mean themselves.
        tests.append("e.kind >= :noun AND e.kind < :past")
        given |= {"noun": f"{noun}.", "past": f"{noun}/"}
    else:
        tests.append("NOT (e.kind >= 'step.' AND e.kind < 'step/')")
    if cursor:
        tests.append("e.seq < :seq")
        given["seq"] = records.read_cursor(cursor, int)[0]
    sql = f"""SELECT e.*, t.number AS task_number, t.title AS task_title, a.name AS agent_name FROM events e
    LEFT JOIN tasks t ON t.id = e.task_id LEFT JOIN agents a ON a.id = e.agent_id
    WHERE {" AND ".join(tests)} ORDER BY e.seq DESC LIMIT :limit + 1"""
    rows = [records.to(Told, row, ("data",)) for row in db.rows(sql, given)]
    return records.page(rows, given["limit"], lambda event: (event.seq,))
