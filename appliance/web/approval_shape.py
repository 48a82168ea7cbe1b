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
    questions,
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
    asks: str


class Card(NamedTuple):
    """What `approvals/_card.html` reads; `refusal` says why the person may not decide, "" when they may.

    `shape` is a question's, `items` are the steps of its plan, `ticks` says how many options to tick. `assigned`,
    `backup` and `away` (for whom somebody stands in) are names; `takes` says that the person can make it their own.
    """

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
    backup: str
    away: str
    takes: bool
    shape: str
    items: list[str]
    ticks: str


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
        refused := decision_rights.refusal(actor, found),
        decision_rights.closed(found),
        _name(names, found.assigned_to),
        _name(names, found.backup_to),
        _name(names, found.passed_from),
        found.state == "pending" and not refused and found.assigned_to != actor.label,
        questions.shape(found) if found.kind == "question" else "",
        questions.items(found),
        _ticks(found),
    )


def _name(names: dict[str, str], label: str | None) -> str:
    return names.get(label or "", "") or ("somebody else" if label else "")


def _ticks(found: Approval) -> str:
    if found.kind != "question" or questions.shape(found) != "checklist":
        return ""
    least, most = questions.bounds(found)
    if least == most:
        return f"Tick {least}"
    if most == len(found.options):
        return f"Tick at least {least}" if least else "Tick what applies; none is an answer too"
    return f"Tick up to {most}" if not least else f"Tick between {least} and {most}"


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


def verdict(found: Approval) -> str:
    """What somebody decided, in a few words."""
    said = found.verdict.replace("_", " ")
    given = found.given
    if found.verdict == "answer":
        labels = {option.value: option.label for option in found.options}
        ticked = [labels.get(value, value) for value in given.get("options", [])]
        plan = "plan changed" if "items" in given else "plan confirmed"
        by_shape = {"text": found.note, "choice": labels.get(given.get("option", ""), ""), "plan": plan}
        return by_shape.get(questions.shape(found), ", ".join(ticked) or "none of them")
    option = next((one.label for one in found.options if one.value == given.get("option")), "")
    return option or {"approve": "approved", "reject": "rejected", "request changes": "sent back"}.get(said, said)


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
    return Button(verb.label + amount, address, tone, verb, _doubt_of(found, verb, amount))


def _doubt_of(found: Approval, verb: Verb, amount: str) -> str:
    """What a key asks before it does what costs money, or gives something up; "" for the rest."""
    if verb.verdict in TONES:
        return f"{verb.label}{amount}?" if amount or found.kind == "budget" else ""
    return f"{verb.label}?" if found.kind in ("in_doubt", "breaker", "budget") else ""
