"""Lists of tasks: the board's columns and the filtered, paged list."""

from collections.abc import Mapping
from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import records, tasks
from appliance.domain.records import Page
from appliance.domain.tasks import SELECT, STATES, Task
from appliance.errors import invalid

CARDS = 20
CARDS_MOST = 600
_AGENT = "t.agent_id = (SELECT id FROM agents WHERE slug = :assignee AND deleted_at IS NULL)"
_MEMBER = "t.member_id = :assignee"


class Filter(msgspec.Struct, frozen=True):
    """All given parts must hold; `q` is looked for in title and body; `assignee` is an agent slug or `member:<id>`."""

    q: str = ""
    state: str = ""
    assignee: str = ""
    label: str = ""
    priority: int | None = None
    parent_id: str = ""

    @property
    def active(self) -> bool:
        return self != Filter()


class Column(msgspec.Struct, frozen=True):
    """The newest cards of one state; `total` counts all that match."""

    state: str
    total: int
    cards: list[Task]


def columns(
    db: Database, wanted: Filter, states: tuple[str, ...] = STATES, more: Mapping[str, int] | None = None
) -> list[Column]:
    """One column for each of `states`; `more` gives the number of cards where it is not the usual one."""
    where, params = _where(wanted)
    sql = f"SELECT t.state, COUNT(*) AS n FROM tasks t {where} GROUP BY t.state"
    totals = {row["state"]: row["n"] for row in db.rows(sql, params)}
    counts = {state: min((more or {}).get(state, CARDS), CARDS_MOST) for state in states if state in totals}
    cards = {state: _cards(db, state, where, params, count) for state, count in counts.items()}
    return [Column(state, totals.get(state, 0), cards.get(state, [])) for state in states]


def find(db: Database, wanted: Filter, limit: int = records.LIMIT, cursor: str = "") -> Page[Task]:
    """Newest first."""
    where, params = _where(wanted)
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


def needs_person(db: Database, limit: int = 20) -> list[Task]:
    """What waits for a person: work in review, blocked work, and tasks assigned to members; most urgent first."""
    where = """WHERE t.state IN ('in_review', 'blocked') OR (t.member_id IS NOT NULL AND t.state = 'todo')
      ORDER BY t.priority DESC, t.updated_at LIMIT :limit"""
    return [tasks.task(row) for row in db.rows(SELECT + where, {"limit": limit})]


def needs_person_count(db: Database) -> int:
    sql = """SELECT COUNT(*) AS n FROM tasks
      WHERE state IN ('in_review', 'blocked') OR (member_id IS NOT NULL AND state = 'todo')"""
    return int(db.value(sql))


def in_flight(db: Database, limit: int = 20) -> list[Task]:
    """What agents work on now, longest first."""
    where = "WHERE t.state = 'in_progress' ORDER BY t.started_at LIMIT :limit"
    return [tasks.task(row) for row in db.rows(SELECT + where, {"limit": limit})]


def finished(db: Database, limit: int = 10) -> list[Task]:
    where = "WHERE t.state = 'done' ORDER BY t.updated_at DESC LIMIT :limit"
    return [tasks.task(row) for row in db.rows(SELECT + where, {"limit": limit})]


def _cards(db: Database, state: str, where: str, params: dict[str, Any], limit: int) -> list[Task]:
    joined = (where + " AND " if where else "WHERE ") + "t.state = :column"
    order = "ORDER BY t.updated_at DESC, t.id DESC LIMIT :limit"
    rows = db.rows(f"{SELECT} {joined} {order}", {**params, "column": state, "limit": limit})
    return [tasks.task(row) for row in rows]


def _where(wanted: Filter) -> tuple[str, dict[str, Any]]:
    if wanted.state and wanted.state not in STATES:
        raise invalid(state=f"use one of {', '.join(STATES)}")
    member = wanted.assignee.removeprefix("member:")
    tests = {
        "q": (wanted.q, "(LOWER(t.title) LIKE :q OR LOWER(t.body) LIKE :q)", f"%{wanted.q.lower()}%"),
        "state": (wanted.state, "t.state = :state", wanted.state),
        "assignee": (wanted.assignee, _AGENT if member == wanted.assignee else _MEMBER, member),
        "label": (wanted.label, "t.labels LIKE :label", f"%{records.dump(wanted.label)}%"),
        "priority": (wanted.priority is not None, "t.priority = :priority", wanted.priority),
        "parent": (wanted.parent_id, "t.parent_id = :parent", wanted.parent_id),
    }
    given = {name: (sql, value) for name, (wants, sql, value) in tests.items() if wants}
    where = "WHERE " + " AND ".join(sql for sql, _ in given.values()) if given else ""
    return where, {name: value for name, (_, value) in given.items()}
