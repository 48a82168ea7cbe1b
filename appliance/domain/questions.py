"""Questions to a person, in four shapes: words, one of several, several of many, and a plan to agree to.

The whole question is the payload, so that its digest binds an answer to exactly what was asked. Answers are in
answers.py.
"""

from typing import Any, Literal

import msgspec

from appliance.db.database import Database
from appliance.domain import approval_asks
from appliance.domain.actor import Actor
from appliance.domain.approval_rows import Approval, Option
from appliance.domain.ask_forms import Ask
from appliance.errors import invalid

Shape = Literal["text", "choice", "checklist", "plan"]
SHAPES: tuple[Shape, ...] = ("text", "choice", "checklist", "plan")
ITEMS_LIMIT = 100
ITEM_LIMIT = 500


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked; of `options` and `items` only what its shape shows.

    `options` are those of a choice or a checklist, of which between `least` and `most` may be ticked; `items` are the
    steps of a plan, a line each. `default` is the answer when nobody gives one in `expires_s` seconds: an option's
    value, or words. `assigned_to` and `backup_to` are labels of actors; `remind_s` (repeating) and `escalate_s` are
    seconds from now.
    """

    title: str
    shape: Shape = "text"
    detail: str = ""
    options: list[Option] = []
    items: list[str] = []
    least: int = 0
    most: int | None = None
    default: str = ""
    assigned_to: str | None = None
    backup_to: str | None = None
    expires_s: float | None = None
    remind_s: float | None = None
    escalate_s: float | None = None


def ask(
    db: Database,
    actor: Actor,
    question: Question,
    *,
    task_id: str | None = None,
    run_id: str | None = None,
    step_key: str = "",
    agent_id: str | None = None,
) -> Approval:
    """The live question of this step, or a new one, in the caller's transaction. Raises Problem(invalid).

    With a run, deciding wakes it; without one, the task's agent is woken and hears the answer.
    """
    about = {"task_id": task_id, "run_id": run_id, "agent_id": agent_id}
    return approval_asks.ask(db, actor, to_ask(question), step_key=step_key, **about)


def to_ask(question: Question) -> Ask:
    """The same as what a step waits for (`engine.waiting`). Raises Problem(invalid) with the field at fault."""
    _check(question)
    shown: dict[str, Any] = {"shape": question.shape, "question": question.title.strip(), "detail": question.detail}
    if question.options:
        shown["options"] = msgspec.to_builtins(question.options)
    if question.shape == "checklist":
        shown |= {"least": question.least, "most": question.most or len(question.options)}
    if question.shape == "plan":
        shown["items"] = question.items
    clocks = {name: getattr(question, name) for name in ("expires_s", "remind_s", "escalate_s")}
    people = {"assigned_to": question.assigned_to, "backup_to": question.backup_to}
    silent = question.default or "reject"
    about: dict[str, Any] = {"payload": shown, "options": question.options, "on_expiry": silent} | clocks | people
    return Ask("question", question.title, question.detail, **about)


def shape(found: Approval) -> Shape:
    """Of a question that was asked; one from before there were shapes is known by its options."""
    told = found.payload.get("shape")
    return told if told in SHAPES else ("choice" if found.options else "text")


def items(found: Approval) -> list[str]:
    """The steps of a plan; [] of anything else."""
    return list(found.payload["items"]) if found.kind == "question" and shape(found) == "plan" else []


def bounds(found: Approval) -> tuple[int, int]:
    """How many of a checklist's options have to be ticked, and how many may."""
    return int(found.payload["least"]), int(found.payload["most"])


def clean_items(given: list[str]) -> list[str]:
    """Steps of a plan, each one line. Raises Problem(invalid)."""
    found = [" ".join(item.split()) for item in given if item.strip()]
    if not 0 < len(found) <= ITEMS_LIMIT or any(len(item) > ITEM_LIMIT for item in found):
        raise invalid(items=f"a plan has between 1 and {ITEMS_LIMIT} steps of at most {ITEM_LIMIT} characters")
    return found


def _check(question: Question) -> None:
    if question.shape not in SHAPES:
        raise invalid(shape=f"take one of {', '.join(SHAPES)}")
    choosing, planning = question.shape in ("choice", "checklist"), question.shape == "plan"
    if choosing != bool(question.options):
        raise invalid(options="give the answers to choose from" if choosing else "only a choice or a checklist has any")
    if planning != bool(question.items):
        raise invalid(items="give the steps of the plan" if planning else "only a plan has any")
    if planning and clean_items(question.items) != question.items:
        raise invalid(items="a step of a plan is one line, without spaces around it")
    if question.default and question.shape in ("checklist", "plan"):
        raise invalid(default="silence ticks nothing and agrees to no plan")
    values = [option.value for option in question.options]
    if not all(values) or len(set(values)) != len(values):
        raise invalid(options="each option has a value of its own")
    _check_bounds(question)


def _check_bounds(question: Question) -> None:
    if question.shape != "checklist":
        if question.least or question.most is not None:
            raise invalid(least="only a checklist says how many")
        return
    most = len(question.options) if question.most is None else question.most
    if not 0 <= question.least <= most or not 0 < most <= len(question.options):
        raise invalid(least=f"between 0 and {len(question.options)}, and not above `most`")
