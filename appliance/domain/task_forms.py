"""What people may say about a task, and what of it is refused."""

import msgspec

from appliance import clock
from appliance.domain.checks import NewCheck
from appliance.domain.graph import ON_PARENT_CLOSE
from appliance.errors import invalid

PRIORITIES = ("low", "normal", "high", "urgent")
BODY_LIMIT = 1_000_000
PLAN_KEY_LIMIT = 200


class NewTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`assignee` is an agent's slug or id, or a member's id; `start` defaults to true when it is an agent.

    `time_limit_s`: seconds a run may take from its first start to its end, waits included. `on_parent_close` is cancel
    or keep; `plan_key` names an item of the parent's plan, of which there is only ever one.
    """

    title: str
    body: str = ""
    assignee: str | None = None
    priority: int = 1
    parent_id: str | None = None
    blockers: list[str] = []
    checks: list[NewCheck] = []
    labels: list[str] = []
    start: bool | None = None
    budget_usd: str | float | int | None = None
    due_at: str | None = None
    time_limit_s: int | None = None
    on_parent_close: str = "cancel"
    plan_key: str = ""


class TaskChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str | msgspec.UnsetType = msgspec.UNSET
    body: str | msgspec.UnsetType = msgspec.UNSET
    assignee: str | None | msgspec.UnsetType = msgspec.UNSET
    priority: int | msgspec.UnsetType = msgspec.UNSET
    labels: list[str] | msgspec.UnsetType = msgspec.UNSET
    due_at: str | None | msgspec.UnsetType = msgspec.UNSET
    time_limit_s: int | None | msgspec.UnsetType = msgspec.UNSET
    on_parent_close: str | msgspec.UnsetType = msgspec.UNSET
    budget_usd: str | float | int | None | msgspec.UnsetType = msgspec.UNSET


def check_new(new: NewTask) -> None:
    """Raises Problem(invalid) with the fields at fault."""
    check(new.title, new.body, new.priority, new.due_at)
    check_time_limit(new.time_limit_s)
    check_on_parent_close(new.on_parent_close)
    if new.plan_key and not new.parent_id:
        raise invalid(plan_key="only a sub-task has one: say which task it is a part of")
    if len(new.plan_key) > PLAN_KEY_LIMIT:
        raise invalid(plan_key=f"at most {PLAN_KEY_LIMIT} characters")


def check_on_parent_close(policy: str) -> None:
    """Raises Problem(invalid) for an unknown one."""
    if policy not in ON_PARENT_CLOSE:
        raise invalid(on_parent_close=f"use one of {', '.join(ON_PARENT_CLOSE)}")


def check_time_limit(seconds: int | None) -> None:
    """Raises Problem(invalid) unless it is None, or a second to a year."""
    if seconds is not None and not 1 <= seconds <= 366 * 86_400:
        raise invalid(time_limit_s="give seconds from 1 to 31,622,400, or nothing")


def clean_labels(labels: list[str]) -> list[str]:
    cleaned = list(dict.fromkeys(label.strip() for label in labels if label.strip()))
    if len(cleaned) > 20 or any(len(label) > 40 for label in cleaned):
        raise invalid(labels="at most 20 labels of at most 40 characters")
    return cleaned


def check(title: str, body: str, priority: int, due_at: str | None) -> None:
    faults = {}
    if not title.strip() or len(title) > 200:
        faults["title"] = "say in at most 200 characters what is to be done"
    if len(body) > BODY_LIMIT:
        faults["body"] = f"at most {BODY_LIMIT:,} characters; put longer material into a file"
    if not 0 <= priority <= 3:
        faults["priority"] = "give a number from 0 (low) to 3 (urgent)"
    if due_at is not None:
        try:
            clock.parse(due_at)
        except ValueError:
            faults["due_at"] = "give a date and time such as 2026-12-01T09:00:00Z"
    if faults:
        raise invalid(**faults)
