"""An approval as it is stored, and the moves of its row that need nothing but the row."""

from typing import Any, Literal

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import events, records
from appliance.domain.actor import SYSTEM, Actor
from appliance.errors import not_found

Kind = Literal["action", "budget", "in_doubt", "breaker", "question"]
KINDS: tuple[Kind, ...] = ("action", "budget", "in_doubt", "breaker", "question")
STATES = (
    "pending",
    "approved",
    "consumed",
    "rejected",
    "changes_requested",
    "expired",
    "superseded",
    "withdrawn",
)
LIVE = "('pending', 'approved')"


class Option(msgspec.Struct, frozen=True):
    """One of the choices a decision offers; `asks` labels an amount in US dollars that goes with it."""

    value: str
    label: str
    detail: str = ""
    asks: str = ""
    amount_usd: str = ""


class Approval(msgspec.Struct, frozen=True):
    """What a person was asked, bound to `digest`; `estimate_nano` in nano-dollars, times in UTC.

    `payload` is all that was digested. `verdict` is approve, reject, request_changes or answer, "" while nobody has
    decided; `given` holds what was chosen with it. `assigned_to` and `backup_to` are labels of actors.
    """

    id: str
    kind: Kind
    state: str
    task_id: str | None
    run_id: str | None
    step_key: str
    agent_id: str | None
    title: str
    detail: str
    payload: dict[str, Any]
    digest: str
    estimate_nano: int
    policy_version: int
    options: list[Option]
    requested_by: str
    requested_name: str
    assigned_to: str | None
    backup_to: str | None
    created_at: str
    reminders: int
    escalated_at: str | None
    expires_at: str | None
    on_expiry: str
    verdict: str
    given: dict[str, Any]
    note: str
    decided_by: str | None
    decided_name: str
    decided_at: str | None
    consumed_at: str | None
    superseded_by: str | None
    task_number: int | None = None
    task_title: str | None = None
    agent_name: str | None = None

    @property
    def answer(self) -> str:
        """What a person answered: the option's value, or their words."""
        return str(self.given.get("option") or self.note)


SELECT = """
SELECT p.*, t.number AS task_number, t.title AS task_title, a.name AS agent_name FROM approvals p
LEFT JOIN tasks t ON t.id = p.task_id LEFT JOIN agents a ON a.id = p.agent_id
"""


def approval(row: Row) -> Approval:
    return records.to(Approval, row, ("payload", "options", "given"))


def get(db: Database, approval_id: str) -> Approval:
    """Raises Problem(not_found)."""
    row = db.one(SELECT + "WHERE p.id = :id", {"id": approval_id})
    if row is None:
        raise not_found("approval")
    return approval(row)


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
