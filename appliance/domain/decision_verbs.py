"""What can be answered to each kind of question, with the words for it."""

import msgspec

from appliance.domain.approval_rows import Approval, Option

ALLOWED: dict[str, tuple[str, ...]] = {
    "action": ("approve", "reject", "request_changes"),
    "question": ("answer", "reject"),
    "budget": ("approve", "reject"),
    "in_doubt": ("approve", "reject"),
    "breaker": ("approve", "reject"),
}
REJECT = {
    "action": "Reject",
    "question": "Decline to answer",
    "budget": "Keep the limit",
    "in_doubt": "End the run",
    "breaker": "Keep it stopped",
}
APPROVE = {"action": "Approve", "budget": "Approve", "in_doubt": "Run it again", "breaker": "Let it go on"}


class Verb(msgspec.Struct, frozen=True):
    """A button: `option` goes with the verdict; `asks` labels an amount in US dollars that has to be given."""

    verdict: str
    label: str
    option: str = ""
    detail: str = ""
    asks: str = ""
    amount_usd: str = ""


def verbs(found: Approval) -> list[Verb]:
    """What a person can answer now, the most likely first; empty once it is decided."""
    return of(found.kind, found.options) if found.state == "pending" else []


def of(kind: str, options: list[Option]) -> list[Verb]:
    yes = "answer" if kind == "question" else "approve"
    chosen = [Verb(yes, o.label, o.value, o.detail, o.asks, o.amount_usd) for o in options]
    first = chosen or [Verb(yes, APPROVE.get(kind, "Answer"))]
    changes = [Verb("request_changes", "Ask for changes")] if "request_changes" in ALLOWED[kind] else []
    return [*first, *changes, Verb("reject", REJECT[kind])]
