"""Marks: what a step waits for has ended, said in the transaction that ends it. Moving on comes after it.

Everything that ends calls this, so nothing here imports more than rows.
"""

from appliance import clock
from appliance.db.database import Database, Params
from appliance.domain import events, records
from appliance.domain.actor import Actor
from appliance.errors import Problem

BATCH = 500
MOVED = "an instance has moved"


def tasks(db: Database, task_ids: list[str]) -> bool:
    """These tasks have ended, or their runs have failed; whether an instance waits for one of them."""
    names, params = records.named(task_ids)
    return _land(db, f"task_id IN ({names})", params)


def task(db: Database, actor: Actor, task_id: str) -> None:
    """The same for one task; what the engine did not end itself rings the bell."""
    if tasks(db, [task_id]) | _root(db, task_id) and actor.label != "system:system":
        ring(db, actor, task_id)


def approval(db: Database, actor: Actor, approval_id: str) -> None:
    """It was decided, or its time is over."""
    if _land(db, "approval_id = :id", {"id": approval_id}):
        task_id = db.value("SELECT task_id FROM approvals WHERE id = :id", {"id": approval_id})
        ring(db, actor, str(task_id))


def instances(db: Database, instance_ids: list[str]) -> None:
    """Instances that steps of others may have started have ended."""
    if instance_ids:
        names, params = records.named(instance_ids)
        _land(db, f"child_id IN ({names})", params)


def signal(db: Database, actor: Actor, instance_id: str, task_id: str, name: str) -> None:
    """A signal has arrived; one that no step waits for is kept for the step that will."""
    given = {"id": instance_id, "name": name}
    if _land(db, "instance_id = :id AND kind = 'wait' AND wait_key = :name", given):
        ring(db, actor, task_id)


def due(db: Database) -> int:
    """Timers and time limits of steps and of instances that are over; how many there were."""
    now = {"now": clock.iso(), "most": BATCH}
    found = 0
    for column in ("wake_at", "due_at"):
        late = f"""SELECT path, instance_id FROM nodes WHERE {column} <= :now AND {column} IS NOT NULL
          AND finished_at IS NULL AND landed = FALSE ORDER BY {column} LIMIT :most"""
        if rows := db.rows(late, now):
            found += len(rows)
            _land(db, f"(instance_id, path) IN (SELECT instance_id, path FROM ({late}) AS late)", now)
    over = """SELECT id FROM instances WHERE due_at <= :now AND due_at IS NOT NULL AND finished_at IS NULL
      AND moved = FALSE AND state = 'running' LIMIT :most"""
    if rows := db.rows(over, now):
        found += len(rows)
        _move(db, [row["id"] for row in rows])
    return found


def moved(db: Database, instance_id: str) -> None:
    """Let it be looked at."""
    _move(db, [instance_id])


def note(db: Database) -> None:
    """An instance was marked as moved: who looks at them in this transaction has to look again."""
    db.known[MOVED] = True


def any_moved(db: Database) -> bool:
    return db.one("SELECT id FROM instances WHERE moved LIMIT 1") is not None


def ring(db: Database, actor: Actor, task_id: str) -> None:
    events.record(db, actor, "instance.landed", task_id=task_id)


def refuse_root(db: Database, task_id: str) -> None:
    """Raises Problem(conflict) for the task of an instance that has not ended: only its steps move it."""
    if db.one("SELECT id FROM instances WHERE task_id = :id AND finished_at IS NULL", {"id": task_id}):
        raise Problem("conflict", "This task carries out a workflow: its steps move it. Cancel it to stop them.")


def _land(db: Database, which: str, params: Params) -> bool:
    sql = f"UPDATE nodes SET landed = TRUE WHERE {which} AND finished_at IS NULL RETURNING instance_id"
    with db.transaction():
        if found := {row["instance_id"] for row in db.rows(sql, params)}:
            _move(db, sorted(found))
    return bool(found)


def _root(db: Database, task_id: str) -> bool:
    """The task of an instance was cancelled."""
    sql = "UPDATE instances SET moved = TRUE, updated_at = :now WHERE task_id = :id AND finished_at IS NULL"
    found = db.execute(sql, {"id": task_id, "now": clock.iso()}) > 0
    if found:
        note(db)
    return found


def _move(db: Database, instance_ids: list[str]) -> None:
    names, params = records.named(instance_ids, "i")
    sql = f"UPDATE instances SET moved = TRUE, updated_at = :now WHERE id IN ({names}) AND moved = FALSE"
    db.execute(sql, params | {"now": clock.iso()})
    note(db)
