"""What becomes of an approval without a person: it is used up once, or withdrawn with its run."""

from typing import Any

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import events
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.approval_rows import LIVE


def consume(db: Database, approval_id: str, digest: str) -> bool:
    """Use an approval up, in the transaction that writes the step's intent: true once, and only for what was approved.

    One conditional UPDATE; whether it has expired is judged by the database's clock at that moment (ENGINE §5).
    """
    used = f"""UPDATE approvals SET state = 'consumed', consumed_at = :now
      WHERE id = :id AND digest = :digest AND state = 'approved' AND (expires_at IS NULL OR expires_at > {db.now_sql})
      RETURNING id, task_id, run_id, agent_id"""
    with db.transaction():
        row = db.one(used, {"id": approval_id, "digest": digest, "now": clock.iso()})
        if row is not None:
            tell(db, SYSTEM, "consumed", row)
    return row is not None


def withdraw(db: Database, run_id: str) -> int:
    """Take back what an ended run had asked, in the transaction that ends it; how many there were."""
    return _withdraw(db, "run_id = :id", run_id)


def withdraw_of_task(db: Database, task_id: str) -> int:
    """The same for everything asked about a task that was cancelled."""
    return _withdraw(db, "task_id = :id", task_id)


def withdraw_one(db: Database, approval_id: str) -> int:
    """The same for one whose question nobody waits for any more."""
    return _withdraw(db, "id = :id", approval_id)


def _withdraw(db: Database, where: str, of: str) -> int:
    sql = f"UPDATE approvals SET state = 'withdrawn' WHERE {where} AND state IN {LIVE} RETURNING *"
    rows = db.rows(sql, {"id": of})
    for row in rows:
        tell(db, SYSTEM, "withdrawn", row)
    return len(rows)


def tell(db: Database, actor: Actor, what: str, row: Row, **data: Any) -> None:
    """Record what became of an approval."""
    about = {column: row[column] for column in ("task_id", "run_id", "agent_id")}
    events.record(db, actor, f"approval.{what}", **about, approval_id=row["id"], **data)
