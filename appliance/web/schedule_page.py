"""What the pages of schedules show."""

from typing import Any, NamedTuple

from appliance.db.database import Database
from appliance.domain import assignees, preferences
from appliance.domain.schedules import previews, rows
from appliance.domain.schedules.previews import Preview, Upcoming
from appliance.domain.schedules.rows import Schedule, Tick
from appliance.domain.workflows import library
from appliance.errors import Problem
from appliance.web import respond, schedule_forms, task_forms
from appliance.web.frame import Frame
from appliance.web.respond import Reply

DOTS = 10
TONES = {"succeeded": "good", "failed": "bad", "started": "run", "buffered": "warn", "missed": "warn"}
DID = {
    "succeeded": "ended well",
    "failed": "failed",
    "cancelled": "was cancelled",
    "started": "is at work",
    "buffered": "waits for its turn",
    "skipped": "was left out",
    "missed": "was missed",
}
WHY_MISSED = {"late": "Nothing ran then", "paused": "The schedule was paused", "disarmed": "The box was put back"}


class Line(NamedTuple):
    """A schedule of the list; `dots` are its last times, the latest last, `told` counts them in words."""

    one: Schedule
    dots: list[tuple[str, str]]
    told: str


def index(frame: Frame, db: Database, state: str, cursor: str) -> Reply:
    page = rows.listing(db, state, cursor=cursor)
    disarmed = len(rows.listing(db, "disarmed", 200).items)
    shown: dict[str, Any] = {"lines": [_line(db, one) for one in page.items], "next": page.next_cursor}
    return respond.page(
        frame,
        "schedules/index.html",
        **shown,
        chosen={"state": state, "cursor": cursor},
        states=rows.STATES[:-1],
        disarmed=disarmed,
    )


def show(
    frame: Frame,
    db: Database,
    found: Schedule,
    state: str = "",
    cursor: str = "",
    given: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Reply:
    ticks = rows.ticks(db, found.id, cursor=cursor, state=state)
    shown: dict[str, Any] = {
        "found": found,
        "ticks": ticks,
        "coming": _coming(db, found),
        "tones": TONES,
        "did": DID,
        "why_missed": WHY_MISSED,
        "states": rows.TICK_STATES,
        "chosen": {"state": state, "cursor": cursor},
        "overlaps": schedule_forms.OVERLAPS,
        "given": {"from_at": "", "to_at": "", "overlap": "buffer_all", "note": ""} | (given or {}),
        "errors": respond.faults(problem) if problem else {},
    }
    return respond.page(frame, "schedules/show.html", respond.form_status(problem) if problem else 200, **shown)


def form(
    frame: Frame,
    db: Database,
    control: Database,
    given: dict[str, str],
    found: Schedule | None = None,
    problem: Problem | None = None,
    status: int = 0,
) -> Reply:
    fields = schedule_forms.EMPTY | {"zone": preferences.zone(db).key} | given
    looked, trouble = _preview(db, fields)
    shown: dict[str, Any] = {
        "found": found,
        "given": fields,
        "errors": schedule_forms.renamed(problem) if problem else {},
        "preview": looked,
        "trouble": trouble,
        "people": [(one.ref, one.name) for one in assignees.all(db, control, frame.tenant.id)],
        "workflows": [(one.slug, one.name) for one in library.listing(db, 200).items],
        "choices": schedule_forms,
        "priorities": task_forms.PRIORITIES,
        "rows": task_forms.rows_of(fields),
        "check_kinds": task_forms.CHECK_KINDS,
        "checks_fit": found is None or schedule_forms.checks_fit(found),
    }
    status = status or (respond.form_status(problem) if problem else 200)
    return respond.page(frame, "schedules/form.html", status, **shown)


def _preview(db: Database, fields: dict[str, str]) -> tuple[Preview | None, str]:
    """The next times of a form, or what is wrong with its calendar."""
    try:
        return previews.preview(db, schedule_forms.asked(fields)), ""
    except Problem as problem:
        return None, problem.detail


def _coming(db: Database, found: Schedule) -> list[Upcoming]:
    return [] if found.state == "ended" else previews.upcoming(db, found)


def _line(db: Database, one: Schedule) -> Line:
    last = rows.ticks(db, one.id, DOTS).items[::-1]
    counts = {state: sum(tick.state == state for tick in last) for state in rows.TICK_STATES}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return Line(one, [(TONES.get(tick.state, ""), _title(tick)) for tick in last], told)


def _title(tick: Tick) -> str:
    return f"{tick.due_at[:10]} {tick.due_at[11:16]} UTC {DID[tick.state]}"
