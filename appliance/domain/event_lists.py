"""Events for people: of a run, and the whole log with the names of what it is about."""

from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.events import Event
from appliance.domain.records import Page


class Told(Event, frozen=True):
    """An event with what its ids stand for, for people."""

    task_number: int | None = None
    task_title: str | None = None
    agent_name: str | None = None


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


def of_run(db: Database, task_id: str, run_id: str) -> list[Event]:
    """What became of a run as a whole, oldest first; its steps are not among them."""
    sql = """SELECT * FROM events WHERE task_id = :task_id AND run_id = :run_id AND kind >= 'run.' AND kind < 'run/'
      ORDER BY seq"""
    rows = db.rows(sql, {"task_id": task_id, "run_id": run_id})
    return [records.to(Event, row, ("data",)) for row in rows]
