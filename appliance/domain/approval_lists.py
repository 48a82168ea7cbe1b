"""Approvals of a run, of a task, and of a tenant; and the live one of a step."""

from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.approval_rows import KINDS, LIVE, SELECT, STATES, Approval, approval
from appliance.domain.records import Page
from appliance.errors import invalid


def of_run(db: Database, run_id: str) -> list[Approval]:
    """Newest first."""
    return _found(db, "p.run_id = :id", {"id": run_id})


def of_step(db: Database, run_id: str, step_key: str) -> Approval | None:
    """The newest that was asked for this step."""
    found = _found(db, "p.run_id = :id AND p.step_key = :key", {"id": run_id, "key": step_key})
    return found[0] if found else None


def of_task(db: Database, task_id: str, state: str = "", limit: int = records.LIMIT_MAX) -> list[Approval]:
    """Newest first; of one state, or of all. A map in a workflow may ask thousands."""
    tests = "p.task_id = :id" + (" AND p.state = :state" if state else "")
    return _found(db, tests, {"id": task_id, "state": state, "limit": limit}, "LIMIT :limit")


def listing(
    db: Database, state: str = "pending", kind: str = "", limit: int = records.LIMIT, cursor: str = ""
) -> Page[Approval]:
    """Newest first; "" stands for every state or kind. Raises Problem(invalid) and Problem(bad_cursor)."""
    given: Row = {"state": state, "kind": kind, "limit": max(1, min(limit, records.LIMIT_MAX))}
    for name, known in (("state", STATES), ("kind", KINDS)):
        if given[name] and given[name] not in known:
            raise invalid(**{name: f"take one of {', '.join(known)}"})
    tests = [f"p.{name} = :{name}" for name in ("state", "kind") if given[name]]
    if cursor:
        given["at"], given["id"] = records.read_cursor(cursor, str, str)
        tests.append("(p.created_at < :at OR (p.created_at = :at AND p.id < :id))")
    found = _found(db, " AND ".join(tests) or "TRUE", given, "LIMIT :limit + 1")
    return records.page(found, given["limit"], lambda one: (one.created_at, one.id))


def decided(db: Database, limit: int = records.LIMIT, cursor: str = "") -> Page[Approval]:
    """What somebody decided, the last first. Raises Problem(bad_cursor)."""
    given: Row = {"limit": max(1, min(limit, records.LIMIT_MAX))}
    tests = "p.decided_at IS NOT NULL"
    if cursor:
        given["at"], given["id"] = records.read_cursor(cursor, str, str)
        tests += " AND (p.decided_at < :at OR (p.decided_at = :at AND p.id < :id))"
    sql = f"{SELECT} WHERE {tests} ORDER BY p.decided_at DESC, p.id DESC LIMIT :limit + 1"
    found = [approval(row) for row in db.rows(sql, given)]
    return records.page(found, given["limit"], lambda one: (one.decided_at, one.id))


def _found(db: Database, where: str, params: Row, limit: str = "") -> list[Approval]:
    sql = f"{SELECT} WHERE {where} ORDER BY p.created_at DESC, p.id DESC {limit}"
    return [approval(row) for row in db.rows(sql, params)]


def live(db: Database, row: Row) -> Approval | None:
    """By run and step; a question of no run is known by what it is about."""
    about = "p.run_id = :run_id" if row["run_id"] else "p.run_id IS NULL AND COALESCE(p.task_id, '') = :about"
    about += "" if row["run_id"] else " AND COALESCE(p.agent_id, '') = :agent"
    sql = f"{SELECT} WHERE p.kind = :kind AND p.step_key = :step_key AND {about} AND p.state IN {LIVE}"
    found = db.one(sql, row | {"about": row["task_id"] or "", "agent": row["agent_id"] or ""})
    return approval(found) if found else None
