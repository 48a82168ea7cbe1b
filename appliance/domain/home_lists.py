"""The short lists of the home page: what waits for a person, what is worked on, and what is done."""

from appliance.db.database import Database
from appliance.domain import tasks
from appliance.domain.tasks import SELECT, Task


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
