"""What an agent is told when a run begins."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import checks, comments, runs
from appliance.domain.checks import Check
from appliance.domain.comments import Comment
from appliance.domain.runs import Run
from appliance.domain.steps import Message
from appliance.domain.tasks import Task

RULES = """You work in a private folder of files, the workspace; deliverables are files there.
When the work is complete, call task.finish with a short summary for people.
If something is missing that only a person can give, say so in a comment and finish with what you have."""


def opening(db: Database, run: Run, task: Task, agent: dict[str, Any]) -> list[Message]:
    """The system message and the first user message."""
    title = f" You are {agent['title']}." if agent["title"] else ""
    system = f"Your name is {agent['name']}.{title}\n\n{agent['instructions']}\n\n{RULES}"
    return [Message("system", system), Message("user", "\n\n".join(_parts(db, run, task)))]


def heard(said: list[Comment]) -> list[Message]:
    """Comments that came while the run was at work."""
    return [Message("user", f"{c.author_name} comments on the task: {c.body}") for c in said]


def _parts(db: Database, run: Run, task: Task) -> list[str]:
    parts = [f"Task: {task.title}"]
    if task.body:
        parts.append(task.body)
    if task.labels:
        parts.append(f"Labels: {', '.join(task.labels)}")
    judged = [_told(check) for check in checks.of_task(db, task.id)]
    if judged:
        parts.append("Before the task is done, these checks must pass:\n" + "\n".join(f"- {s}" for s in judged))
    said = comments.of_task(db, task.id)
    if said:
        parts.append("Comments so far:\n" + "\n".join(f"- {c.author_name}: {c.body}" for c in said[-20:]))
    if run.retry_of and (before := runs.get(db, run.retry_of)).failure_detail:
        parts.append(f"An earlier attempt ended with: {before.failure_detail}")
    return parts


def _told(check: Check) -> str:
    """A schema is told whole: nobody can fit one that they have not seen."""
    if check.kind != "json_schema":
        return check.sentence
    return f"{check.sentence}: {msgspec.json.encode(check.spec['schema']).decode()}"
