"""Whether a decision fits its question."""

from typing import Any

from appliance.domain import answers, decision_verbs
from appliance.domain.approval_rows import Approval
from appliance.errors import invalid

NOTE_LIMIT = 4000


def check(found: Approval, verdict: str, note: str, given: dict[str, Any]) -> None:
    """Raises Problem(invalid) with the field at fault."""
    allowed = tuple(dict.fromkeys(one.verdict for one in decision_verbs.of(found)))
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
