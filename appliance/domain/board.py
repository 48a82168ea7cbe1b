"""The board's columns and the filtered, paged list of tasks."""

from collections.abc import Mapping
from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import records, task_filter, tasks
from appliance.domain.records import Page
from appliance.domain.task_filter import Filter
from appliance.domain.tasks import SELECT, STATES, Task

CARDS = 20
CARDS_MOST = 600


class Column(msgspec.Struct, frozen=True):
    """The newest cards of one state; `total` counts all that match."""

    state: str
    total: int
    cards: list[Task]


def columns(
    db: Database, wanted: Filter, states: tuple[str, ...] = STATES, more: Mapping[str, int] | None = None
) -> list[Column]:
    """One column for each of `states`; `more` gives the number of cards where it is not the usual one."""
    where, params = task_filter.where(wanted)
    sql = f"SELECT t.state, COUNT(*) AS n FROM tasks t {where} GROUP BY t.state"
    totals = {row["state"]: row["n"] for row in db.rows(sql, params)}
    counts = {state: min((more or {}).get(state, CARDS), CARDS_MOST) for state in states if state in totals}
    cards = {state: _cards(db, state, where, params, count) for state, count in counts.items()}
    return [Column(state, totals.get(state, 0), cards.get(state, [])) for state in states]


def find(db: Database, wanted: Filter, limit: int = records.LIMIT, cursor: str = "") -> Page[Task]:
    """Newest first."""
    where, params = task_filter.where(wanted)
    params["limit"] = min(limit, records.LIMIT_MAX)
    if cursor:
        params["after"] = records.read_cursor(cursor, int)[0]
        where += (" AND " if where else "WHERE ") + "t.number < :after"
    rows = db.rows(f"{SELECT} {where} ORDER BY t.number DESC LIMIT :limit + 1", params)
    return records.page([tasks.task(row) for row in rows], params["limit"], lambda t: (t.number,))


def counts(db: Database) -> dict[str, int]:
    """Tasks by state."""
    found = {row["state"]: row["n"] for row in db.rows("SELECT state, COUNT(*) AS n FROM tasks GROUP BY state")}
    return {state: found.get(state, 0) for state in STATES}


def _cards(db: Database, state: str, where: str, params: dict[str, Any], limit: int) -> list[Task]:
    joined = (where + " AND " if where else "WHERE ") + "t.state = :column"
    order = "ORDER BY t.updated_at DESC, t.id DESC LIMIT :limit"
    rows = db.rows(f"{SELECT} {joined} {order}", {**params, "column": state, "limit": limit})
    return [tasks.task(row) for row in rows]
