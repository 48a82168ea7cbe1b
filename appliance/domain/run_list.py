"""The list of runs, newest first, however many there are: each filter has an index in the order of the list."""

from typing import Any

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.records import Page
from appliance.domain.runs import OPEN, Run
from appliance.errors import invalid

ENDED = ("succeeded", "incomplete", "failed", "cancelled", "timed_out")
STATES = (*OPEN, "parked", *ENDED)


class Listed(Run, frozen=True):
    """A run with the names of what it belongs to."""

    task_number: int = 0
    task_title: str = ""
    agent_slug: str = ""


SELECT = """
SELECT r.*, t.number AS task_number, t.title AS task_title, a.slug AS agent_slug,
  EXISTS (SELECT 1 FROM calls c WHERE c.run_id = r.id AND c.simulated) AS simulated
FROM (SELECT * FROM runs {where} ORDER BY id DESC LIMIT :limit + 1) r
JOIN tasks t ON t.id = r.task_id JOIN agents a ON a.id = r.agent_id ORDER BY r.id DESC
"""


def listing(
    db: Database, state: str = "", agent_id: str = "", cursor: str = "", limit: int = records.LIMIT
) -> Page[Listed]:
    """Ids sort by the time they were made, so they are the order. Raises Problem(invalid) and Problem(bad_cursor)."""
    if state and state not in STATES:
        raise invalid(state=f"use one of {', '.join(STATES)}")
    params: dict[str, Any] = {"state": state, "agent_id": agent_id}
    tests = [f"{column} = :{column}" for column, value in params.items() if value]
    if state in ENDED:
        # Their index holds ended runs only; the planner has to see that the query does too.
        tests.append("finished_at IS NOT NULL")
    if cursor:
        params["before"] = records.read_cursor(cursor, str)[0]
        tests.append("id < :before")
    params["limit"] = max(1, min(limit, records.LIMIT_MAX))
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    rows = db.rows(SELECT.format(where=where), params)
    return records.page([records.to(Listed, row) for row in rows], params["limit"], lambda run: (run.id,))
