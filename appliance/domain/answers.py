"""Answers to questions: whether one fits what was asked, and what the asker reads."""

from typing import Any

from appliance.domain import questions
from appliance.domain.approval_rows import Approval
from appliance.errors import invalid


def check(found: Approval, note: str, given: dict[str, Any]) -> None:
    """Whole values decide, never words in a text that might hold them. Raises Problem(invalid) with the field."""
    shape = questions.shape(found)
    _nothing_else(given, {"choice": "option", "checklist": "options", "plan": "items"}.get(shape, ""))
    known = [option.value for option in found.options]
    if shape == "text" and not note.strip():
        raise invalid(note="write an answer")
    if shape == "choice" and given.get("option") not in known:
        raise invalid(option=f"take one of {', '.join(known)}")
    if shape == "checklist":
        _check_ticks(found, given.get("options", []), known)
    if shape == "plan" and "items" in given:
        questions.clean_items(given["items"])


def settled(found: Approval, given: dict[str, Any]) -> dict[str, Any]:
    """`given` in one spelling, so that the same answer is the same: ticks in the order of the options, an unchanged
    plan as confirmed."""
    if found.kind != "question":
        return given
    shape = questions.shape(found)
    if shape == "checklist":
        ticked = given.get("options", [])
        return {"options": [option.value for option in found.options if option.value in ticked]}
    if shape == "plan" and "items" in given:
        items = questions.clean_items(given["items"])
        return {} if items == questions.items(found) else {"items": items}
    return given


def answer(found: Approval) -> dict[str, Any]:
    """What the asker reads of a decided question; {} while it is open.

    {"text"}, {"option"}, {"options": […]} or {"plan": "confirmed" | "changed", "items": […]}, each with "note" where
    one was left; {"plan": "sent_back", "note"}; {"declined": true, "note"}; {"expired": true} or {"withdrawn": true}.
    """
    if found.state == "pending":
        return {}
    if not found.verdict:
        return {found.state: True}
    note = {"note": found.note} if found.note else {}
    if found.verdict == "request_changes":
        return {"plan": "sent_back"} | note
    if found.verdict == "reject":
        return {"declined": True} | note
    return _given(found, note)


def _given(found: Approval, note: dict[str, str]) -> dict[str, Any]:
    shape = questions.shape(found)
    if shape == "text":
        return {"text": found.note}
    if shape == "choice":
        return {"option": found.given["option"]} | note
    if shape == "checklist":
        return {"options": found.given["options"]} | note
    changed = found.given.get("items")
    return {"plan": "changed" if changed else "confirmed", "items": changed or questions.items(found)} | note


def _nothing_else(given: dict[str, Any], taken: str) -> None:
    if strange := sorted(set(given) - {taken, "amount_usd", "confirm"}):
        raise invalid(**{strange[0]: "there is nothing to choose" if strange[0] == "option" else "it asks for none"})


def _check_ticks(found: Approval, ticked: list[str], known: list[str]) -> None:
    if strange := [value for value in ticked if value not in known]:
        raise invalid(options=f"{strange[0]} is not one of {', '.join(known)}")
    least, most = questions.bounds(found)
    if not least <= len(set(ticked)) <= most:
        wanted = str(least) if least == most else f"between {least} and {most}"
        raise invalid(options=f"tick {wanted}")
