"""What people may say about a schedule, and what of it is refused."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from appliance import clock
from appliance.domain.agent_forms import SLUG
from appliance.domain.checks import NewCheck
from appliance.domain.schedules import calendars
from appliance.errors import invalid

OVERLAPS = ("skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow_all")
CATCH_UP_S = 3600
PAUSE_AFTER = 5
LONGEST_CATCH_UP_S = 7 * 86_400
LONGEST_JITTER_S = 86_400
NOTE_LIMIT = 1000
_NUMBERS = {
    "catch_up_s": (0, LONGEST_CATCH_UP_S, f"give seconds from 0 to {LONGEST_CATCH_UP_S:,}, which is a week"),
    "jitter_s": (0, LONGEST_JITTER_S, f"give seconds from 0 to {LONGEST_JITTER_S:,}, which is a day"),
    "pause_after": (0, 1000, "give a number from 1 to 1,000, or 0 for never"),
}


class StartTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The task that each time makes; the fields are those of NewTask."""

    title: str
    body: str = ""
    assignee: str | None = None
    priority: int = 1
    checks: list[NewCheck] = []
    labels: list[str] = []
    budget_usd: str | float | int | None = None
    time_limit_s: int | None = None


class StartWorkflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The workflow that each time starts; `version` None is the newest of that time."""

    slug: str
    inputs: dict[str, Any] = {}
    version: int | None = None


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is started: exactly one of the two."""

    task: StartTask | None = None
    workflow: StartWorkflow | None = None


class NewSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either `cron` or `every` (15m, 2h, 1d; counted from `anchor_at`, which is now when left out), in `zone`.

    Seconds: `catch_up_s` is how late a time may still be run, `jitter_s` by how much it may be put off. After
    `pause_after` failures in a row it pauses (0: never). Times without an offset are those of the zone.
    """

    slug: str
    name: str = ""
    cron: str = ""
    every: str = ""
    anchor_at: str | None = None
    zone: str = ""
    task: StartTask | None = None
    workflow: StartWorkflow | None = None
    overlap: str = "skip"
    catch_up_s: int = CATCH_UP_S
    jitter_s: int = 0
    pause_after: int = PAUSE_AFTER
    starts_at: str | None = None
    ends_at: str | None = None
    remaining: int | None = None


class ScheduleChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields left out stay as they are; a null date or limit removes it."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    cron: str | msgspec.UnsetType = msgspec.UNSET
    every: str | msgspec.UnsetType = msgspec.UNSET
    anchor_at: str | None | msgspec.UnsetType = msgspec.UNSET
    zone: str | msgspec.UnsetType = msgspec.UNSET
    task: StartTask | None | msgspec.UnsetType = msgspec.UNSET
    workflow: StartWorkflow | None | msgspec.UnsetType = msgspec.UNSET
    overlap: str | msgspec.UnsetType = msgspec.UNSET
    catch_up_s: int | msgspec.UnsetType = msgspec.UNSET
    jitter_s: int | msgspec.UnsetType = msgspec.UNSET
    pause_after: int | msgspec.UnsetType = msgspec.UNSET
    starts_at: str | None | msgspec.UnsetType = msgspec.UNSET
    ends_at: str | None | msgspec.UnsetType = msgspec.UNSET
    remaining: int | None | msgspec.UnsetType = msgspec.UNSET


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a schedule is paused."""

    note: str = ""


class Backfill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The times from `from_at` to before `to_at` that have started nothing yet; `confirm` is how many these are."""

    from_at: str
    to_at: str
    overlap: str = "buffer_all"
    confirm: int | None = None


def spec_of(cron: str, every: str, anchor_at: str | None, zone: ZoneInfo) -> str:
    """The one spec that was given. Raises Problem(invalid) with the field at fault."""
    if bool(cron.strip()) == bool(every.strip()):
        raise invalid(cron="give either a cron expression or an interval")
    if cron.strip():
        return calendars.check(cron)
    anchor = moment(anchor_at, zone, "anchor_at") if anchor_at else clock.iso()
    return calendars.check(calendars.every(every, clock.parse(anchor)), "every")


def moment(text: str, zone: ZoneInfo, field: str, end_of_day: bool = False) -> str:
    """A date or time as UTC text; without an offset it is the zone's. Raises Problem(invalid) with `field`."""
    try:
        given = datetime.fromisoformat(text.strip())
        if end_of_day and len(text.strip()) == len("2026-12-31"):
            given += timedelta(days=1)
        found = clock.iso(given if given.tzinfo else given.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise invalid(**{field: "give a date or time such as 2026-12-01 or 2026-12-01T09:00"}) from None
    if not "1970" < found < "9900":
        raise invalid(**{field: "give a year from 1970 to 9899"})
    return found


def check(given: dict[str, Any]) -> None:
    """Raises Problem(invalid) with every field at fault; `given` has the columns of a schedule."""
    faults = {field: said for field, (least, most, said) in _NUMBERS.items() if not least <= given[field] <= most}
    if not SLUG.fullmatch(given["slug"]):
        faults["slug"] = "use 2 to 40 small letters, digits and hyphens"
    if not given["name"].strip() or len(given["name"]) > 80:
        faults["name"] = "give a name of at most 80 characters"
    if given["overlap"] not in OVERLAPS:
        faults["overlap"] = f"use one of {', '.join(OVERLAPS)}"
    if given["remaining"] is not None and not 1 <= given["remaining"] <= 1_000_000:
        faults["remaining"] = "give a number from 1 to 1,000,000, or nothing"
    if (given["ends_at"] or "9999") <= (given["starts_at"] or ""):
        faults["ends_at"] = "must be after the start"
    if faults:
        raise invalid(**faults)


def check_target(target: Target) -> None:
    """Raises Problem(invalid) unless there is exactly one."""
    if (target.task is None) == (target.workflow is None):
        raise invalid(task="say what it starts: either a task or a workflow")


def note(text: str) -> str:
    """Raises Problem(invalid) for one that is too long."""
    if len(text) > NOTE_LIMIT:
        raise invalid(note=f"at most {NOTE_LIMIT:,} characters")
    return text.strip()
