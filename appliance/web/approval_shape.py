"""An approval as its page, its cards and the API show it."""

from typing import Any, NamedTuple

import msgspec

from appliance.db.database import Database
from appliance.domain import (
    approval_words,
    approvals,
    budget_questions,
    decision_rights,
    decision_verbs,
    members,
    records,
    tasks,
)
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval
from appliance.domain.decision_verbs import Verb
from appliance.domain.instances import rows
from appliance.web import money
from appliance.web.approval_payload import Part, parts
from appliance.web.frame import Frame

KINDS = {
    "action": "Action",
    "question": "Question",
    "budget": "Budget",
    "in_doubt": "In doubt",
    "breaker": "Stopped work",
    "review": "Review",
    "blocked": "Stuck",
    "parked": "Parked run",
    "step": "Workflow",
    "workflow": "Failed workflow",
}
ADDRESS = {"request_changes": "request-changes"}
TONES = {"approve": "primary", "answer": "primary"}


class Button(NamedTuple):
    label: str
    action: str
    tone: str
    verb: Verb


class Card(NamedTuple):
    """What `approvals/_card.html` reads; `refusal` says why the person may not decide, "" when they may."""

    found: Approval
    kind: str
    href: str
    sentence: str
    consequence: str
    silence: str
    parts: list[Part]
    yes: list[Button]
    no: list[Button]
    refusal: str
    closed: str
    assigned: str


def card(db: Database, frame: Frame, actor: Actor, found: Approval, names: dict[str, str]) -> Card:
    href = f"{frame.base}/approvals/{found.id}"
    buttons = [_button(found, verb, href) for verb in decision_verbs.verbs(found)]
    return Card(
        found,
        KINDS[found.kind],
        href,
        approval_words.sentence(found),
        approval_words.consequence(found),
        approval_words.silence(found),
        parts(found),
        [button for button in buttons if button.verb.verdict in TONES],
        [button for button in buttons if button.verb.verdict not in TONES],
        decision_rights.refusal(actor, found),
        decision_rights.closed(found),
        names.get(found.assigned_to or "", "") or ("somebody else" if found.assigned_to else ""),
    )


def pending(
    db: Database, frame: Frame, actor: Actor, task_id: str, names: dict[str, str], most: int = records.LIMIT
) -> list[Card]:
    """The open approvals of a task, oldest first, and the question about money that its run waits behind."""
    own = approvals.of_task(db, task_id, "pending", most)[::-1]
    asked = budget_questions.of_task(db, task_id)
    found = [*own, *([asked] if asked and asked.id not in {one.id for one in own} else [])]
    return [card(db, frame, actor, one, names) for one in found]


def of_run(db: Database, frame: Frame, actor: Actor, run_id: str, names: dict[str, str]) -> list[Card]:
    """The open approvals of a run, oldest first."""
    asked = [one for one in approvals.of_run(db, run_id)[::-1] if one.state == "pending"]
    return [card(db, frame, actor, one, names) for one in asked]


def people(control: Database, tenant_id: str) -> dict[str, str]:
    """Names by the labels that approvals keep."""
    return {member.actor.label: member.name for member in members.every(control, tenant_id)}


def as_json(found: Approval) -> dict[str, Any]:
    """The fields of the approval and what can be answered now."""
    shown: dict[str, Any] = money.with_usd(msgspec.to_builtins(found) | {"verbs": decision_verbs.verbs(found)})
    return shown


def back(db: Database, frame: Frame, found: Approval, wanted: str) -> str:
    """Where to go after deciding: to the page it was decided on (list, task, run, instance), else to its own."""
    if wanted == "inbox":
        return f"{frame.base}/inbox"
    if wanted == "task" and found.task_id:
        return f"{frame.base}/tasks/{tasks.get(db, found.task_id).number}"
    if wanted == "run" and found.run_id:
        return f"{frame.base}/runs/{found.run_id}"
    if wanted == "instance" and found.task_id and (instance := rows.of_task(db, found.task_id)):
        return f"{frame.base}/instances/{instance.number}"
    return f"{frame.base}/approvals/{found.id}"


def _button(found: Approval, verb: Verb, href: str) -> Button:
    amount = f" · ${money.usd(found.estimate_nano)}" if found.estimate_nano and verb.verdict in TONES else ""
    address = f"{href}/{ADDRESS.get(verb.verdict, verb.verdict)}"
    tone = TONES.get(verb.verdict, "danger" if verb.verdict == "reject" else "")
    return Button(verb.label + amount, address, tone, verb)
