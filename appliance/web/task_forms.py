"""The forms of a task: text fields to Structs, and back into the form when something is wrong."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import assignees, budgets, check_forms, tasks
from appliance.domain.task_forms import NewTask, TaskChange
from appliance.domain.tasks import Task
from appliance.errors import Problem, invalid
from appliance.web import respond
from appliance.web.frame import Frame
from appliance.web.respond import Reply

ROWS = 3
CHECK_KINDS = [
    ("file_exists", "a file exists"),
    ("contains", "the text contains"),
    ("not_contains", "the text does not contain"),
    ("regex", "the text matches a pattern"),
    ("json_schema", "the text fits a JSON schema"),
    ("command_exit_0", "a command ends with exit code 0"),
    ("url_200", "a URL answers 200"),
    ("reviewer_agent", "another agent finds it good"),
    ("human_ack", "a person accepts it"),
]
ASKED = {
    "file_exists": "Which file must exist?",
    "contains": "Which text must it contain?",
    "not_contains": "Which text must not be in it?",
    "regex": "Which pattern must it match?",
    "json_schema": "Which JSON schema must it fit?",
    "command_exit_0": "Which command must end well?",
    "url_200": "Which URL must answer?",
    "reviewer_agent": "What is the reviewer to look at?",
}
PRIORITIES = [("3", "Urgent"), ("2", "High"), ("1", "Normal"), ("0", "Low")]
EMPTY = {"title": "", "body": "", "assignee": "", "priority": "1", "labels": "", "budget_usd": "", "parent_id": ""}
EMPTY |= {"start": "true"}


def decoded(fields: dict[str, str]) -> dict[str, Any]:
    """The fields of a submitted form as the API's JSON. An unticked start box sends nothing, which means no."""
    plain: dict[str, Any] = {k: v for k, v in fields.items() if not k.startswith("check_") and k != "start"}
    plain["labels"] = [label.strip() for label in fields.get("labels", "").split(",") if label.strip()]
    plain["checks"] = [_check(row, place) for place, row in enumerate(rows_of(fields), 1) if row["kind"]]
    return plain | ({} if fields.get("start") else {"start": False})


def changed(fields: dict[str, str]) -> dict[str, Any]:
    """An edit sends every field: an empty assignee or budget takes it away."""
    plain = {name: fields.get(name, "") for name in ("title", "body", "priority")}
    nullable = {name: fields.get(name) or None for name in ("assignee", "budget_usd")}
    labels = [label.strip() for label in fields.get("labels", "").split(",") if label.strip()]
    return {**plain, **nullable, "labels": labels}


def new(frame: Frame, db: Database, control: Database, given: dict[str, str], problem: Problem | None = None) -> Reply:
    shown = {"rows": rows_of(given), "check_kinds": CHECK_KINDS}
    return _page(frame, db, control, "tasks/new.html", EMPTY | given, problem, **shown)


def edit(
    frame: Frame,
    db: Database,
    control: Database,
    task: Task,
    given: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Reply:
    return _page(frame, db, control, "tasks/edit.html", _as_given(db, task) | (given or {}), problem, task=task)


def _page(
    frame: Frame,
    db: Database,
    control: Database,
    template: str,
    given: dict[str, str],
    problem: Problem | None,
    **more: Any,
) -> Reply:
    people = [(one.ref, one.name + (f" · {one.title}" if one.title else "")) for one in _people(frame, db, control)]
    errors = respond.faults(problem) if problem else {}
    status = respond.form_status(problem) if problem else 200
    context = {"given": given, "errors": errors, "people": people, "priorities": PRIORITIES, **more}
    return respond.page(frame, template, status, **context)


def _people(frame: Frame, db: Database, control: Database) -> list[assignees.Assignee]:
    return assignees.all(db, control, frame.tenant.id)


def _as_given(db: Database, task: Task) -> dict[str, str]:
    limit = next((b.limit_nano for b in budgets.of(db, "task", task.id)), None)
    amount = "" if limit is None else f"{limit / budgets.NANO:.9f}".rstrip("0").rstrip(".")
    plain = {"title": task.title, "body": task.body, "assignee": task.assignee or "", "budget_usd": amount}
    return plain | {"priority": str(task.priority), "labels": ", ".join(task.labels)}


def rows_of(fields: dict[str, str]) -> list[dict[str, str]]:
    """The rows for checks, used ones first: a row's place is then the number that a fault names."""
    parts = ("kind", "value", "file")
    rows = [{part: fields.get(f"check_{part}_{n}", "").strip() for part in parts} for n in range(1, ROWS + 1)]
    return sorted(rows, key=lambda row: not row["kind"])


def _check(row: dict[str, str], place: int) -> dict[str, Any]:
    kind, value, file = row["kind"], row["value"], row["file"]
    if not value and kind in ASKED:
        raise invalid(**{f"checks[{place}]": ASKED[kind]})
    given = _schema(place, value) if kind == "json_schema" and value else value
    return {"kind": kind, "spec": check_forms.spec_of(kind, given, file)}


def _schema(place: int, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise invalid(**{f"checks[{place}]": f"the schema is not valid JSON: {error}"}) from error


def create(db: Database, control: Database, frame: Frame, actor: Any, fields: dict[str, str]) -> Task:
    made = respond.form(NewTask, decoded(fields))
    assignees.check(control, frame.tenant.id, made.assignee)
    return tasks.create(db, actor, made)


def change(db: Database, control: Database, frame: Frame, actor: Any, ref: str, fields: dict[str, str]) -> Task:
    try:
        wanted = msgspec.convert(changed(fields), TaskChange, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(**respond.fault(str(error))) from error
    assignees.check(control, frame.tenant.id, wanted.assignee)
    return tasks.change(db, actor, ref, wanted)
