"""An approval as it is stored."""

from typing import Any, Literal

import msgspec

from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.errors import not_found

Kind = Literal["action", "budget", "in_doubt", "breaker", "question", "step"]
KINDS: tuple[Kind, ...] = ("action", "budget", "in_doubt", "breaker", "question", "step")
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
    decided; `given` holds what was chosen with it. `assigned_to` and `backup_to` are labels of actors;
    `passed_from` is whom it was for, when that person is away.
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
    passed_from: str | None
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
