"""Buttons of the pages of tasks and runs, and the one button that does what a `Why` advises."""

from typing import NamedTuple

from appliance.domain.tasks import Task
from appliance.domain.why import Why


class Act(NamedTuple):
    """A button of the page; `confirm` asks before it is done, `name` and `value` go with it."""

    text: str
    href: str
    icon: str
    tone: str = ""
    confirm: str = ""
    detail: str = ""
    post: bool = True
    value: str = ""
    name: str = "state"


ACTS = {
    "start": Act("Start", "start", "play", "primary"),
    "retry": Act("Run again", "retry", "rotate-ccw"),
    "approve": Act("Accept", "approve", "check", "primary"),
    "reopen": Act("Reopen", "reopen", "rotate-ccw"),
    "cancel": Act(
        "Cancel task",
        "cancel",
        "circle-stop",
        "danger",
        "Cancel this task?",
        "Its run stops within a second. Files and costs stay.",
    ),
}
# What each verb of domain/why.py leads to: {here} is the task, {ref} what the verb is about, {run} its newest run.
WAYS = {
    "start": Act("", "{here}/start", "play", "primary"),
    "retry": Act("", "{here}/retry", "rotate-ccw", "primary"),
    "approve": Act("", "{here}/approve", "check", "primary"),
    "reopen": Act("", "{here}/reopen", "rotate-ccw", "primary"),
    "plan": Act("", "{here}/move", "arrow-right", value="todo"),
    "resume": Act("", "{base}/agents/{ref}/resume", "play"),
    "assign": Act("", "{here}/edit", "user", post=False),
    "look": Act("", "{base}/agents/{ref}", "bot", post=False),
    "open": Act("", "{base}/tasks/{ref}", "arrow-right", post=False),
    "provider": Act("", "{base}/providers", "plug", post=False),
    "budget": Act("", "{base}/budgets", "wallet", post=False),
    "quota": Act("", "{base}/settings/plan", "chart-column", post=False),
    "limits": Act("", "{base}/settings#guards", "settings", post=False),
    "decide": Act("", "{base}/approvals/{ref}", "inbox", "primary", post=False),
    "approval": Act("", "{base}/approvals/{ref}", "inbox", "primary", post=False),
    "fork": Act("", "{base}/runs/{run}#steps", "git-branch", "primary", post=False),
    "run": Act("", "{base}/runs/{run}", "arrow-right", post=False),
    "workflow": Act("", "{base}/instances/{ref}", "git-branch", "primary", post=False),
}


def of_why(found: Why, task: Task, base: str) -> Act | None:
    """None when there is nothing a person has to do."""
    if not found.verb:
        return None
    way = WAYS[found.verb]
    places = {"base": base, "here": f"{base}/tasks/{task.number}", "ref": found.ref, "run": task.run_id}
    return way._replace(text=found.action, href=way.href.format(**places))
