"""What a person's verdict does to a breaker, and the breakers there are."""

from typing import Any

from appliance.db.database import Database
from appliance.domain import events, loops, wake_rows, wakes
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval


def apply(db: Database, actor: Actor, approval: Approval, verdict: str, given: dict[str, Any]) -> None:
    """approve: count from nought and let the newest held wake of each task go on; reject: it stays stopped.

    In the transaction that stores the verdict.
    """
    found = loops.of_approval(db, approval.id)
    if found is None or not found.tripped_at:
        return
    if verdict != "approve":
        about = {"task_id": approval.task_id, "agent_id": approval.agent_id}
        events.record(db, actor, "breaker.kept", **about, breaker_id=found.id, scope=found.scope)
        return
    loops.close(db, actor, found)
    sql = "SELECT * FROM wakes WHERE breaker_id = :id AND state IN ('tripped', 'dropped') ORDER BY id DESC"
    for row in db.rows(sql, {"id": found.id}):
        wakes.release(db, actor, wake_rows.wake(row))
