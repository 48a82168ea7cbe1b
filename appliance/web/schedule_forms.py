"""The form of a schedule: what people choose as the words of the API, and a schedule as what they chose."""

import re
from typing import Any

import msgspec

from appliance.domain.schedules.forms import CATCH_UP_S, PAUSE_AFTER, NewSchedule, ScheduleChange, StartTask
from appliance.domain.schedules.previews import Asked
from appliance.domain.schedules.rows import Schedule
from appliance.errors import Problem, invalid
from appliance.web import respond, task_forms

Fields = dict[str, str]
DAYS = [("*", "Every day"), ("1-5", "Monday to Friday"), ("1", "Every Monday"), ("2", "Every Tuesday")]
DAYS += [("3", "Every Wednesday"), ("4", "Every Thursday"), ("5", "Every Friday"), ("6", "Every Saturday")]
DAYS += [("0", "Every Sunday"), ("first", "On the first of each month")]
UNITS = [("m", "minutes"), ("h", "hours"), ("d", "days"), ("w", "weeks"), ("s", "seconds")]
OVERLAPS = [
    ("skip", "Leave the new time out"),
    ("buffer_one", "Let one time wait for it"),
    ("buffer_all", "Let every time wait its turn"),
    ("cancel_other", "Ask the old work to stop, then start"),
    ("terminate_other", "End the old work at once and start"),
    ("allow_all", "Start beside it"),
]
CATCH_UPS = [("0", "Nothing that was missed"), ("900", "What is 15 minutes late"), ("3600", "What is an hour late")]
CATCH_UPS += [("21600", "What is 6 hours late"), ("86400", "What is a day late"), ("604800", "What is a week late")]
JITTERS = [("0", "Not at all"), ("30", "By up to 30 seconds"), ("60", "By up to a minute")]
JITTERS += [("300", "By up to 5 minutes"), ("900", "By up to 15 minutes"), ("3600", "By up to an hour")]
EMPTY: Fields = dict.fromkeys(("name", "slug", "cron", "anchor_at", "starts_at", "ends_at", "remaining", "zone"), "")
EMPTY |= {"how": "simple", "days": "*", "time": "09:00", "count": "15", "unit": "m", "what": "task", "title": ""}
EMPTY |= {"body": "", "assignee": "", "priority": "1", "labels": "", "budget_usd": "", "workflow": "", "inputs": "{}"}
EMPTY |= {"overlap": "skip", "catch_up_s": str(CATCH_UP_S), "jitter_s": "0", "pause_after": str(PAUSE_AFTER)}
_SIMPLE = re.compile(r"(\d{1,2}) (\d{1,2}) (\*|1) \* (\*|1-5|[0-6])", re.ASCII)
_EVERY = re.compile(r"every (\d+)(\w) from (\S+)")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


def asked(fields: Fields) -> Asked:
    """The calendar of a form, to look at its next times. Raises Problem(invalid)."""
    return msgspec.convert({**_calendar(fields), **_given(fields, "zone", "starts_at", "ends_at")}, Asked)


def new(fields: Fields) -> NewSchedule:
    """Raises Problem(invalid) with the fields at fault."""
    plain = {**_policies(fields), **_given(fields, "slug", "name", "zone", "starts_at", "ends_at", "remaining")}
    plain.setdefault("slug", re.sub(r"[^a-z0-9]+", "-", fields.get("name", "").lower()).strip("-")[:40])
    return respond.form(NewSchedule, {**plain, **_calendar(fields), **_target(fields, None)})


def changed(fields: Fields, found: Schedule) -> ScheduleChange:
    """An edit sends every field: an empty date or limit takes it away. The calendar only changes where it differs."""
    plain: dict[str, Any] = {**_policies(fields), "name": fields.get("name", ""), "zone": fields.get("zone", "")}
    plain |= {name: fields.get(name) or None for name in ("starts_at", "ends_at", "remaining")}
    calendar = ("how", "days", "time", "cron", "count", "unit", "anchor_at")
    before = given(found)
    if fields.get("remaining") == before["remaining"]:
        # A limit that is used up is none that could be set anew.
        del plain["remaining"]
    if any(fields.get(name, before[name]) != before[name] for name in calendar):
        plain |= _calendar(fields)
    plain |= _target(fields, found.target.task)
    pinned = found.target.workflow
    if pinned and plain["workflow"] and plain["workflow"]["slug"] == pinned.slug:
        plain["workflow"]["version"] = pinned.version
    try:
        return msgspec.convert(plain, ScheduleChange, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(**respond.fault(str(error))) from error


def given(found: Schedule) -> Fields:
    """A schedule as the fields of its form."""
    task, workflow = found.target.task, found.target.workflow
    said = EMPTY | {"name": found.name, "slug": found.slug, "zone": found.zone, "overlap": found.overlap}
    said |= {name: str(getattr(found, name)) for name in ("catch_up_s", "jitter_s", "pause_after")}
    said |= {name: getattr(found, name) or "" for name in ("starts_at", "ends_at")}
    said |= {"remaining": "" if found.remaining is None else str(found.remaining), **_as_chosen(found.spec)}
    if workflow:
        inputs = msgspec.json.format(msgspec.json.encode(workflow.inputs), indent=2).decode()
        return said | {"what": "workflow", "workflow": workflow.slug, "inputs": inputs}
    assert task
    said |= {"title": task.title, "body": task.body, "assignee": task.assignee or "", "priority": str(task.priority)}
    said |= {"labels": ", ".join(task.labels), "budget_usd": "" if task.budget_usd is None else str(task.budget_usd)}
    return said | _check_fields(task)


def checks_fit(found: Schedule) -> bool:
    """Whether the form can show all of its checks; otherwise it leaves them as they are."""
    task = found.target.task
    return task is None or (len(task.checks) <= task_forms.ROWS and all(len(c.spec) <= 2 for c in task.checks))


def _as_chosen(spec: str) -> Fields:
    if interval := _EVERY.fullmatch(spec):
        return {"how": "every", "count": interval[1], "unit": interval[2], "anchor_at": interval[3][:19] + "Z"}
    if simple := _SIMPLE.fullmatch(spec):
        minute, hour, day, weekday = simple.groups()
        if day == "*" or weekday == "*":
            days = "first" if day == "1" else weekday
            return {"how": "simple", "time": f"{int(hour):02}:{int(minute):02}", "days": days}
    return {"how": "cron", "cron": spec}


def _calendar(fields: Fields) -> dict[str, Any]:
    how = fields.get("how", "simple")
    if how == "every":
        anchor = {"anchor_at": fields["anchor_at"]} if fields.get("anchor_at") else {}
        return {"every": f"{fields.get('count', '')}{fields.get('unit', 'm')}", **anchor}
    if how == "cron":
        return {"cron": fields.get("cron", "")}
    clock = _TIME.fullmatch(fields.get("time", "").strip()[:5])
    if clock is None:
        raise invalid(time="give a time of day such as 09:00")
    days = fields.get("days", "*")
    date = "1 * *" if days == "first" else f"* * {days}"
    return {"cron": f"{int(clock[2])} {int(clock[1])} {date}"}


def _target(fields: Fields, before: StartTask | None) -> dict[str, Any]:
    if fields.get("what") == "workflow":
        try:
            inputs = msgspec.json.decode(fields.get("inputs", "").strip() or "{}")
        except msgspec.DecodeError as error:
            raise invalid(inputs=f"this is not valid JSON: {error}") from error
        return {"workflow": {"slug": fields.get("workflow", ""), "inputs": inputs}, "task": None}
    plain = task_forms.decoded(fields)
    task: dict[str, Any] = {name: plain[name] for name in ("title", "body", "labels", "checks") if name in plain}
    task |= {name: fields[name] for name in ("assignee", "priority", "budget_usd") if fields.get(name)}
    if before:
        task |= {"time_limit_s": before.time_limit_s}
        task |= {"checks": before.checks} if fields.get("keep_checks") else {}
    try:
        return {"task": msgspec.convert(task, StartTask, strict=False), "workflow": None}
    except msgspec.ValidationError as error:
        raise invalid(**respond.fault(str(error))) from error


def _check_fields(task: StartTask) -> Fields:
    """The rows of the form for the checks of a task."""
    rows: Fields = {}
    for n, check in enumerate(task.checks[: task_forms.ROWS], 1):
        beside = str(check.spec.get("file") or check.spec.get("agent") or "")
        values = [value for key, value in check.spec.items() if key not in ("file", "agent")]
        text = values[0] if values and isinstance(values[0], str) else msgspec.json.encode(values[:1]).decode()[1:-1]
        rows |= {f"check_kind_{n}": check.kind, f"check_value_{n}": text, f"check_file_{n}": beside}
    return rows


def _policies(fields: Fields) -> Fields:
    return _given(fields, "overlap", "catch_up_s", "jitter_s", "pause_after")


def _given(fields: Fields, *names: str) -> Fields:
    return {name: fields[name].strip() for name in names if fields.get(name, "").strip()}


def with_own(choices: list[tuple[str, str]], value: str) -> list[tuple[str, str]]:
    """The choices and, where it is none of them, the value that was set elsewhere."""
    return choices if value in dict(choices) else [*choices, (value, f"{value} seconds")]


def renamed(problem: Problem) -> dict[str, str]:
    """Faults by the names of this form's fields."""
    return {name.replace("inputs.", "inputs ").split(" ")[0]: text for name, text in respond.faults(problem).items()}
