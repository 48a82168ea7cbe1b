"""Hooks in words: what one does, how its sender signs, and an example of a request to it."""

from typing import Any, NamedTuple

import msgspec

from appliance.db.database import Database
from appliance.domain import hook_rates, tasks
from appliance.domain.hook_deliveries import Delivery
from appliance.domain.hooks import Hook
from appliance.errors import Problem

SCHEMES = [
    ("", "Not signed"),
    ("github", "GitHub"),
    ("stripe", "Stripe"),
    ("slack", "Slack"),
    ("standard", "Standard Webhooks"),
    ("header", "Another header"),
]
OUTCOMES = {
    "accepted": ("good", "Accepted"),
    "repeated": ("", "Repeated"),
    "ping": ("", "Ping"),
    "skipped": ("", "Skipped"),
    "refused": ("warn", "Refused"),
    "bad_signature": ("bad", "Bad signature"),
    "too_large": ("bad", "Too large"),
    "unreadable": ("bad", "Unreadable"),
}
KINDS = {
    "task": ("plus", "Start a task", "Each delivery becomes a task, with a title and words taken from its body."),
    "workflow": ("git-branch", "Start a workflow", "Each delivery starts an instance with inputs from its body."),
    "signal": ("zap", "Signal a task", "The run of one task that waits for this signal goes on."),
    "instance": ("arrow-right", "Signal a workflow", "An instance under way gets the signal it waits for."),
}


class Does(NamedTuple):
    """What a delivery does; `href` leads to what it is about, "" when there is nothing yet."""

    text: str
    href: str = ""


def does(db: Database, hook: Hook, base: str) -> Does:
    about: dict[str, Any] = msgspec.to_builtins(hook.target)
    match hook.kind:
        case "signal":
            return _signals_task(db, hook.task_id, about["signal"] or hook.name, base)
        case "task":
            return Does(f"Starts a task: {about['fields']['title']}")
        case "workflow":
            return Does(f"Starts {about['workflow']}", f"{base}/workflows/{about['workflow']}")
    if about["key"]:
        said = f"Signal {about['signal']} to {about['workflow']}, {about['key']}"
        return Does(said, f"{base}/workflows/{about['workflow']}")
    return Does(f"Signal {about['signal']} to instance {about['instance']}")


def reached(db: Database, delivery: Delivery, base: str) -> Does:
    """What the delivery made or reached."""
    if not delivery.task_id:
        return Does("")
    task = tasks.get(db, delivery.task_id)
    if delivery.instance_id:
        return Does(f"Instance #{task.number} {task.title}", f"{base}/instances/{task.number}")
    return Does(f"#{task.number} {task.title}", f"{base}/tasks/{task.number}")


def signed(hook: Hook) -> str:
    if hook.signing.scheme == "header":
        return f"{hook.signing.header}, {hook.signing.encoding}"
    return dict(SCHEMES)[hook.signing.scheme]


def example(link: str) -> str:
    return f"""curl --json '{{"subject": "It works"}}' {link}"""


def limits(hook: Hook) -> str:
    usual = " (the usual)" if hook.per_minute == hook_rates.USUAL else ""
    return f"{hook.per_minute} a minute{usual}"


def _signals_task(db: Database, task_id: str, signal: str, base: str) -> Does:
    try:
        number = tasks.get(db, task_id).number
    except Problem:
        return Does(f"Signal {signal} to a task that is gone")
    return Does(f"Signal {signal} to task #{number}", f"{base}/tasks/{number}")
