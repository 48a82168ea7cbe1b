"""What became of what the ticks started: written to the tick when it ends, and counted when it fails."""

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import events
from appliance.domain.actor import SYSTEM
from appliance.domain.schedules import targets

# A run that came to no good end leaves its task blocked: that is a failure of the tick, which may still be mended.
# What waits for money, leave or a person's decision has not failed.
_NEWS = """
FROM ticks k JOIN tasks t ON t.id = k.task_id LEFT JOIN runs r ON r.id = t.run_id
  LEFT JOIN instances i ON i.id = k.instance_id
WHERE k.task_id IS NOT NULL AND k.ended_at IS NULL AND (i.finished_at IS NOT NULL OR (k.instance_id IS NULL AND (
  (t.state IN ('done', 'cancelled') AND (r.id IS NULL OR r.state NOT IN ('ready', 'running', 'waiting')))
  OR (t.state = 'blocked' AND k.state = 'started' AND r.state IN ('failed', 'incomplete', 'timed_out')))))
"""
_BECAME = {"done": "succeeded", "succeeded": "succeeded", "cancelled": "cancelled"}


def ended(db: Database) -> list[str]:
    """The schedules with a tick whose work has ended or failed and that does not say so yet."""
    return [row["schedule_id"] for row in db.rows(f"SELECT DISTINCT k.schedule_id {_NEWS}")]


def settle(db: Database, schedule_id: str) -> int:
    """Write down what became of the schedule's ticks, oldest first; how many changed. Pauses it after failures."""
    sql = f"""SELECT k.due_at, k.kind, k.state, k.task_id, COALESCE(i.state, t.state) AS became,
      COALESCE(i.failure_detail, t.blocked_detail) AS detail {_NEWS} AND k.schedule_id = :id ORDER BY k.due_at"""
    with db.transaction():
        return sum(_settle(db, schedule_id, row) for row in db.rows(sql, {"id": schedule_id}))


def failed(db: Database, schedule_id: str, detail: str) -> None:
    """Count a failure in a row, and pause the schedule when these are as many as it allows. In a transaction."""
    sql = "UPDATE schedules SET failures = failures + 1 WHERE id = :id RETURNING failures, pause_after, state"
    [row] = db.rows(sql, {"id": schedule_id})
    if row["state"] != "active" or not row["pause_after"] or row["failures"] < row["pause_after"]:
        return
    times = "It failed" if row["failures"] == 1 else f"It failed {row['failures']} times in a row, the last time"
    note = f"{times}: {detail}"
    db.update("schedules", {"id": schedule_id}, state="paused", note=note, updated_at=clock.iso())
    events.record(db, SYSTEM, "schedule.paused", schedule_id=schedule_id, failures=row["failures"])


def _settle(db: Database, schedule_id: str, row: Row) -> int:
    state, over = _BECAME.get(row["became"], "failed"), row["became"] != "blocked"
    if over and targets.at_work(db, row["task_id"]):
        return 0
    values = {"state": state, "detail": row["detail"] if state == "failed" else ""}
    values |= {"ended_at": clock.iso() if over else None}
    place = {"schedule_id": schedule_id, "due_at": row["due_at"], "kind": row["kind"], "state": row["state"]}
    if not db.update("ticks", place, **values):
        return 0
    if state == "succeeded":
        db.update("schedules", {"id": schedule_id}, failures=0)
    elif state == "failed":
        failed(db, schedule_id, row["detail"])
    return 1
