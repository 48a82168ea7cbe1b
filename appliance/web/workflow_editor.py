"""The page on which the YAML of a workflow is written: its faults with their lines, and the drawing of what it says."""

import re
from typing import Any, NamedTuple

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.workflows import library, reading
from appliance.domain.workflows.library import Workflow
from appliance.errors import Problem
from appliance.web import graph_view, respond
from appliance.web.frame import Frame
from appliance.web.graph_view import View
from appliance.web.respond import Reply

MOST_FAULTS = 30
_LINE = re.compile(r"line (\d+): ")


class Told(NamedTuple):
    """A fault as the page shows it; `line` is 0 for one that belongs to no line."""

    line: int
    path: str
    message: str


class Checked(NamedTuple):
    """What the text says: its faults, and the drawing when there is one to make."""

    faults: list[Told]
    more: int
    view: View | None


def check(source: str) -> Checked:
    report = reading.check(source)
    told = [Told(fault.line or 0, fault.path, fault.message) for fault in report.faults]
    view = graph_view.view(report.definition, lambda path: f"#{path}") if report.definition else None
    return Checked(told[:MOST_FAULTS], max(0, len(told) - MOST_FAULTS), view)


def page(
    frame: Frame, workflow: Workflow | None, source: str, status: int = 200, problem: Problem | None = None
) -> Reply:
    """`problem` is why saving was refused, when it was not for the faults of the text."""
    found = check(source)
    if problem and not found.faults:
        # What only the box knows: an agent or a workflow that is named and is not there.
        found = found._replace(faults=[_told(path, text) for path, text in problem.errors.items()])
    said = problem.detail if problem and not found.faults else ""
    context: dict[str, Any] = {"workflow": workflow, "source": source, "checked": found, "said": said}
    return respond.page(frame, "workflows/edit.html", status, **context)


def save(frame: Frame, db: Database, actor: Actor, workflow: Workflow | None, source: str) -> Reply:
    try:
        done = library.apply(db, actor, source)
    except Problem as problem:
        return page(frame, workflow, source, respond.form_status(problem), problem)
    here, number = f"{frame.base}/workflows/{done.workflow.slug}", done.version
    if done.created:
        return respond.redirect(here, f"{done.workflow.name} is ready to start.")
    if not done.changed:
        return respond.redirect(here, f"Nothing to save: version {number} says the same.")
    said = f"Saved as version {number}. What runs keeps the version it started with."
    return respond.redirect(f"{here}/compare?a={number - 1}&b={number}", said)


def _told(path: str, text: str) -> Told:
    """A fault of applying: its text begins with the line, when it has one."""
    found = _LINE.match(text)
    return Told(int(found[1]), path, text[found.end() :]) if found else Told(0, path, text)
