"""What can be answered to each kind of question, with the words for it."""

from typing import Any

import msgspec

from appliance.domain import answers, questions
from appliance.domain.approval_rows import Approval
from appliance.errors import invalid

NOTE_LIMIT = 4000

CHANGES = ("action",)
REJECT = {
    "action": "Reject",
    "question": "Decline to answer",
    "budget": "Keep it stopped",
    "in_doubt": "End the run",
    "breaker": "Keep it stopped",
    "step": "Reject",
}
APPROVE = {
    "action": "Approve",
    "budget": "Approve",
    "in_doubt": "Run it again",
    "breaker": "Let it go on",
    "step": "Approve",
}


class Verb(msgspec.Struct, frozen=True):
    """A button: `option` goes with the verdict; `asks` labels an amount in US dollars that has to be given."""

    verdict: str
    label: str
    option: str = ""
    detail: str = ""
    asks: str = ""
    amount_usd: str = ""


PLAN = [Verb("answer", "Confirm the plan"), Verb("request_changes", "Send it back"), Verb("reject", REJECT["question"])]


def verbs(found: Approval) -> list[Verb]:
    """What a person can answer now, the most likely first; empty once it is decided."""
    return of(found) if found.state == "pending" else []


def of(found: Approval) -> list[Verb]:
    """The same whether it is decided or not."""
    kind, asks = found.kind, found.kind == "question"
    if asks and questions.shape(found) == "plan":
        return PLAN
    yes = "answer" if asks else "approve"
    chosen = [Verb(yes, o.label, o.value, o.detail, o.asks, o.amount_usd) for o in found.options]
    if asks and questions.shape(found) == "checklist":
        chosen = []
    first = chosen or [Verb(yes, APPROVE.get(kind, "Answer"))]
    changes = [Verb("request_changes", "Ask for changes")] if kind in CHANGES else []
    return [*first, *changes, Verb("reject", REJECT[kind])]


def check(found: Approval, verdict: str, note: str, given: dict[str, Any]) -> None:
    """Raises Problem(invalid) with the field at fault."""
    allowed = tuple(dict.fromkeys(one.verdict for one in of(found)))
    if verdict not in allowed:
        raise invalid(verdict=f"take one of {', '.join(allowed)}")
    if len(note) > NOTE_LIMIT:
        raise invalid(note=f"write at most {NOTE_LIMIT:,} characters")
    if verdict == "request_changes" and not note.strip():
        raise invalid(note="say what should change")
    if verdict == "answer":
        answers.check(found, note, given)
    elif verdict == "approve":
        _check_option(found, given)


def _check_option(found: Approval, given: dict[str, Any]) -> None:
    """The whole value of an option decides, never words in a text that might hold it."""
    known = {option.value: option for option in found.options}
    if given.get("option") not in (known or [None]):
        raise invalid(option=f"take one of {', '.join(known)}" if known else "there is nothing to choose")
    if known and known[given["option"]].asks and not given.get("amount_usd"):
        raise invalid(amount_usd="give an amount in US dollars")
