"""Reading the ledger: one call, a page of calls, all calls of some days."""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.ledger_rows import Attempt, Call, CallFilter
from appliance.domain.records import Page
from appliance.errors import not_found

BATCH = 1000
SELECT = """
SELECT c.*, a.name AS agent_name, p.name AS provider_name, t.number AS task_number
FROM calls c LEFT JOIN agents a ON a.id = c.agent_id LEFT JOIN providers p ON p.id = c.provider_id
LEFT JOIN tasks t ON t.id = c.task_id
"""
ALL = CallFilter()


def calls(db: Database, limit: int = records.LIMIT, cursor: str = "", only: CallFilter = ALL) -> Page[Call]:
    """Newest first. Raises Problem(bad_cursor)."""
    given: dict[str, Any] = {name: value for name, value in msgspec.structs.asdict(only).items() if value}
    tests = [f"c.{column} = :{column}" for column in given]
    given["limit"] = max(1, min(limit, records.LIMIT_MAX))
    if cursor:
        given["at"], given["id"] = records.read_cursor(cursor, str, str)
        tests.append("(c.started_at < :at OR (c.started_at = :at AND c.id < :id))")
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    rows = db.rows(f"{SELECT} {where} ORDER BY c.started_at DESC, c.id DESC LIMIT :limit + 1", given)
    return records.page([records.to(Call, row) for row in rows], given["limit"], lambda c: (c.started_at, c.id))


def call(db: Database, call_id: str) -> Call:
    """Raises Problem(not_found)."""
    row = db.one(f"{SELECT} WHERE c.id = :id", {"id": call_id})
    if row is None:
        raise not_found("call")
    return records.to(Call, row)


def every(db: Database, first_day: str, last_day: str) -> Iterator[Call]:
    """All calls of these days (both included), oldest first, read in batches however many there are."""
    given = {"first": first_day, "last": last_day, "at": "", "id": "", "batch": BATCH}
    sql = f"""{SELECT} WHERE c.day BETWEEN :first AND :last
    AND (c.started_at > :at OR (c.started_at = :at AND c.id > :id)) ORDER BY c.started_at, c.id LIMIT :batch"""
    while rows := db.rows(sql, given):
        yield from (records.to(Call, row) for row in rows)
        given |= {"at": rows[-1]["started_at"], "id": rows[-1]["id"]}


def attempts(db: Database, call_id: str) -> list[Attempt]:
    rows = db.rows("SELECT * FROM attempts WHERE call_id = :id ORDER BY n", {"id": call_id})
    return [records.to(Attempt, row, ("units", "lines", "shares")) for row in rows]


def some(db: Database, ids: Collection[str]) -> dict[str, Call]:
    """These calls by id."""
    names, given = records.named(list(ids))
    return {row["id"]: records.to(Call, row) for row in db.rows(f"{SELECT} WHERE c.id IN ({names})", given)}
