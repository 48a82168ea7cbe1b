"""The list of wakes, newest first, however many there are."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.records import Page
from appliance.domain.wake_rows import REASONS, STATES, Wake
from appliance.errors import invalid

CHAIN_LIMIT = 300


class Filter(msgspec.Struct, frozen=True):
    """`state` is one of STATES, `reason` one of REASONS; `agent_id`, `task_id` and `chain` are ids. "" for any."""

    state: str = ""
    reason: str = ""
    agent_id: str = ""
    task_id: str = ""
    chain: str = ""


class Listed(Wake, frozen=True):
    """A wake with the names of what it belongs to; `run_state` is that of the run that came of it."""

    task_number: int = 0
    task_title: str = ""
    agent_slug: str = ""
    agent_name: str = ""
    run_state: str | None = None
    origin_number: int | None = None


_SELECT = """
SELECT w.*, t.number AS task_number, t.title AS task_title, a.slug AS agent_slug, a.name AS agent_name,
  r.state AS run_state, f.number AS origin_number
FROM (SELECT * FROM wakes {where} ORDER BY id {order} LIMIT :limit) w
JOIN tasks t ON t.id = w.task_id JOIN agents a ON a.id = w.agent_id LEFT JOIN runs r ON r.id = w.run_id
LEFT JOIN runs o ON o.id = w.origin_run LEFT JOIN tasks f ON f.id = o.task_id ORDER BY w.id {order}
"""


def listing(db: Database, chosen: Filter, cursor: str = "", limit: int = records.LIMIT) -> Page[Listed]:
    """Ids sort by the time they were made, so they are the order. Raises Problem(invalid) and Problem(bad_cursor)."""
    if chosen.state and chosen.state not in STATES:
        raise invalid(state=f"use one of {', '.join(STATES)}")
    if chosen.reason and chosen.reason not in REASONS:
        raise invalid(reason=f"use one of {', '.join(REASONS)}")
    params: dict[str, Any] = msgspec.structs.asdict(chosen)
    tests = [f"{column} = :{column}" for column, value in params.items() if value]
    if chosen.state and chosen.state != "run":
        # The index of the rarer states holds no others; the planner has to see that the query does not either.
        tests.append("state <> 'run'")
    if cursor:
        params["before"] = records.read_cursor(cursor, str)[0]
        tests.append("id < :before")
    most = max(1, min(limit, records.LIMIT_MAX))
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    rows = db.rows(_SELECT.format(where=where, order="DESC"), params | {"limit": most + 1})
    return records.page([_listed(row) for row in rows], most, lambda wake: (wake.id,))


def chain(db: Database, chain: str) -> list[Listed]:
    """The wakes of a chain, the first one first; at most CHAIN_LIMIT."""
    rows = db.rows(_SELECT.format(where="WHERE chain = :chain", order="ASC"), {"chain": chain, "limit": CHAIN_LIMIT})
    return [_listed(row) for row in rows]


def _listed(row: dict[str, Any]) -> Listed:
    return records.to(Listed, row, ("causes",))
