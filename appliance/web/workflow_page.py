"""What the pages of workflows show: the list, one workflow, two versions side by side."""

from collections import defaultdict
from typing import Any, NamedTuple

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.instances import rows, shown
from appliance.domain.instances.rows import Instance
from appliance.domain.schedules import rows as schedules
from appliance.domain.schedules.rows import Schedule
from appliance.domain.workflows import library
from appliance.domain.workflows.library import Workflow
from appliance.domain.workflows.version_rows import Version
from appliance.web import graph_view, input_form, instance_words, workflow_templates
from appliance.web.frame import Frame

DOTS = 6
RECENT = 10
TONES = {
    "running": "run",
    "paused": "warn",
    "undoing": "warn",
    "succeeded": "good",
    "failed": "bad",
    "cancelled": "",
}


class Line(NamedTuple):
    """A workflow in the list, with its newest instances and what all have cost."""

    workflow: Workflow
    newest: list[Instance]
    started: int
    spent_nano: int
    next_due: str


def listing(frame: Frame, db: Database, cursor: str) -> dict[str, Any]:
    page = library.listing(db, cursor=cursor)
    spent, planned = shown.spent(db), _planned(db)
    lines = [
        Line(one, rows.listing(db, one.id, limit=DOTS).items, *spent.get(one.id, (0, 0)), _next(planned, one.slug))
        for one in page.items
    ]
    starters = [] if lines or cursor else workflow_templates.cards(db)
    told = {"tones": TONES, "cursor": cursor, "starters": starters}
    return {"lines": lines, "next_cursor": page.next_cursor, **told}


def one(frame: Frame, db: Database, workflow: Workflow) -> dict[str, Any]:
    version = library.version(db, workflow.id, workflow.version)
    count, spent_nano = shown.spent(db).get(workflow.id, (0, 0))
    return {
        **_drawn(frame, workflow, version),
        "inputs": input_form.fields(version.definition.inputs),
        "versions": library.versions(db, workflow.id),
        "newest": [(one, instance_words.told(db, one)) for one in rows.listing(db, workflow.id, limit=RECENT).items],
        "count": count,
        "spent_nano": spent_nano,
        "planned": _planned(db).get(workflow.slug, []),
    }


def version(frame: Frame, db: Database, workflow: Workflow, number: int) -> dict[str, Any]:
    return _drawn(frame, workflow, library.version(db, workflow.id, number))


def comparison(db: Database, workflow: Workflow, a: int, b: int) -> dict[str, Any]:
    numbers = [one.version for one in library.versions(db, workflow.id)]
    lines = diff_lines(library.diff(db, workflow.id, a, b))
    return {"workflow": workflow, "lines": lines, "a": a, "b": b, "numbers": numbers}


def diff_lines(text: str) -> list[tuple[str, str]]:
    """(tone, line) of a unified diff: good for what came, bad for what went, at for places, "" around it."""
    tones = {"+": "good", "-": "bad", "@": "at"}
    lines = [line for line in text.splitlines() if not line.startswith(("--- ", "+++ "))]
    return [(tones.get(line[:1], ""), line) for line in lines]


def _planned(db: Database) -> dict[str, list[Schedule]]:
    """The schedules that start workflows, by the slug of the workflow."""
    found: dict[str, list[Schedule]] = defaultdict(list)
    for schedule in schedules.listing(db, limit=records.LIMIT_MAX).items:
        if schedule.target.workflow:
            found[schedule.target.workflow.slug].append(schedule)
    return found


def _next(planned: dict[str, list[Schedule]], slug: str) -> str:
    return min((one.next_due for one in planned.get(slug, ()) if one.state == "active" and one.next_due), default="")


def _drawn(frame: Frame, workflow: Workflow, found: Version) -> dict[str, Any]:
    source = f"{frame.base}/workflows/{workflow.slug}/versions/{found.version}"
    view = graph_view.view(found.definition, lambda path: f"{source}?step={path}#source")
    return {"workflow": workflow, "version": found, "view": view}
