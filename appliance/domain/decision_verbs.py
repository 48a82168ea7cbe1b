"""What can be answered to each kind of question, with the words for it."""

import msgspec

from appliance.domain import questions
from appliance.domain.approval_rows import Approval

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
