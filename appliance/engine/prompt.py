"""What an agent is told when a run begins."""

import msgspec

from appliance.db.database import Database
from appliance.domain import awaited, checks, comments, runs
from appliance.domain.awaited import Child
from appliance.domain.briefing import Briefing
from appliance.domain.checks import Check
from appliance.domain.comments import Comment
from appliance.domain.runs import Run
from appliance.domain.steps import Message

RULES = """You work in a private folder of files, the workspace; deliverables are files there.
When the work is complete, call task.finish with a short summary for people.
If something is missing that only a person can give, say so in a comment and finish with what you have."""

LEADS = """You may hand parts of a task to others: org.look shows to whom. Hand out every part with task.delegate, each
with a key of its own and everything the other needs to know, then call task.wait once: you get the results."""


def opening(db: Database, run: Run, briefing: Briefing, known: list[Child]) -> list[Message]:
    """The system message and the first user message; `known` are sub-tasks whose end the run is told here."""
    agent = briefing.agent
    title = f" You are {agent['title']}." if agent["title"] else ""
    system = f"Your name is {agent['name']}.{title}\n\n{agent['instructions']}\n\n{RULES}"
    system += f"\n{LEADS}" if "task.delegate" in agent["tools"] else ""
    return [Message("system", system), Message("user", "\n\n".join(_parts(db, run, briefing, known)))]


def heard(said: list[Comment]) -> list[Message]:
    """Comments that came while the run was at work."""
    return [Message("user", f"{c.author_name} comments on the task: {c.body}") for c in said]


def _parts(db: Database, run: Run, briefing: Briefing, known: list[Child]) -> list[str]:
    task = briefing.task
    parts = [f"Task: {task.title}"]
    if briefing.parent:
        parts.append(f"It is a part of {briefing.parent}.")
    if task.body:
        parts.append(task.body)
    if task.labels:
        parts.append(f"Labels: {', '.join(task.labels)}")
    judged = [_told(check) for check in checks.of_task(db, task.id)] if briefing.checked else []
    if judged:
        parts.append("Before the task is done, these checks must pass:\n" + "\n".join(f"- {s}" for s in judged))
    said = comments.of_task(db, task.id) if briefing.commented else []
    if said:
        parts.append("Comments so far:\n" + "\n".join(f"- {c.author_name}: {c.body}" for c in said[-20:]))
    if known:
        parts.append(f"Sub-tasks so far:\n{awaited.words(db, run, known)}")
    if run.retry_of and (before := runs.get(db, run.retry_of)).failure_detail:
        parts.append(f"An earlier attempt ended with: {before.failure_detail}")
    return parts


def _told(check: Check) -> str:
    """A schema is told whole: nobody can fit one that they have not seen."""
    if check.kind != "json_schema":
        return check.sentence
    return f"{check.sentence}: {msgspec.json.encode(check.spec['schema']).decode()}"
