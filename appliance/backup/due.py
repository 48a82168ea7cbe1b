"""When backups and drills happen by themselves, and what a person asked for from a page."""

import logging
import threading
from datetime import timedelta

import msgspec

from appliance import clock
from appliance.backup import drilling, making
from appliance.backup.means import Means
from appliance.db.database import Database
from appliance.domain import audit, records
from appliance.domain.actor import SYSTEM, Actor
from appliance.errors import Problem, invalid

log = logging.getLogger(__name__)
PLAN, RAN, DRILLED, ASKED = "backup_plan", "backup_ran", "backup_drilled", "backup_asked"
HOURS = (1, 2, 3, 4, 6, 8, 12, 24)


class Plan(msgspec.Struct, frozen=True):
    """Changed tenants every `every_hours` from `at` (UTC, HH:MM) on; a drill every `drill_days`. `on`: at all."""

    on: bool = True
    every_hours: int = 24
    at: str = "02:30"
    drill_days: int = 7


def plan(control: Database) -> Plan:
    return msgspec.json.decode(_said(control).get(PLAN, "{}"), type=Plan)


def set_plan(control: Database, actor: Actor, wanted: Plan) -> Plan:
    """Raises Problem(invalid)."""
    if wanted.every_hours not in HOURS:
        raise invalid(every_hours=f"take one of {', '.join(map(str, HOURS))}")
    if not 1 <= wanted.drill_days <= 90:
        raise invalid(drill_days="take 1 to 90")
    try:
        clock.parse(f"2026-01-01T{wanted.at}:00")
    except ValueError as error:
        raise invalid(at="give a time such as 02:30 (UTC)") from error
    with control.transaction():
        _remember(control, PLAN, records.dump(wanted))
        audit.record(control, actor, "backup.plan", records.dump(wanted))
    return wanted


def ask(control: Database, actor: Actor, what: str) -> None:
    """`run` or `drill`, as soon as the scheduler looks: within seconds."""
    with control.transaction():
        _remember(control, ASKED, what)
        audit.record(control, actor, "backup.asked", what)


def asked(control: Database) -> str:
    """What was asked for and has not begun; "" for nothing."""
    return _said(control).get(ASKED, "")


class Keeper:
    """Looks every few seconds, on the one process that leads."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._leader = means.catalogue.leader("backup")
        self.stopping = threading.Event()

    def look(self) -> None:
        if not self._leader.leads():
            return
        with self._means.catalogue.control() as control:
            what = _next(control)
        try:
            if what in ("run", "nightly"):
                making.run(self._means, SYSTEM, changed=what == "nightly", stopping=self.stopping.is_set)
            elif what == "drill":
                drilling.run(self._means, SYSTEM, stopping=self.stopping.is_set)
        except Problem as problem:
            # Somebody works on the command line; what is due is due the next time.
            log.warning("%s of backups: %s", what, problem.detail)

    def stop(self) -> None:
        self.stopping.set()
        self._leader.resign()


def _next(control: Database) -> str:
    """What is to be done now; it is remembered as done, so that a failure is not repeated every few seconds."""
    said, now = _said(control), clock.iso()
    wanted = msgspec.json.decode(said.get(PLAN, "{}"), type=Plan)
    if what := said.get(ASKED):
        control.delete("box", name=ASKED)
        return what
    if RAN not in said:
        # A new box: the first night is the first backup.
        _remember(control, RAN, now)
        _remember(control, DRILLED, now)
    elif wanted.on and said[RAN] < _slot(wanted, now):
        _remember(control, RAN, now)
        return "nightly"
    elif wanted.on and clock.seconds_between(said[DRILLED], now) > wanted.drill_days * 86400:
        _remember(control, DRILLED, now)
        return "drill"
    return ""


def _slot(wanted: Plan, now: str) -> str:
    """The last moment at which a backup was due."""
    moment = clock.parse(now)
    hour, minute = map(int, wanted.at.split(":"))
    first = moment.replace(hour=hour, minute=minute, second=0, microsecond=0) - timedelta(days=1)
    steps = (moment - first) // timedelta(hours=wanted.every_hours)
    return clock.iso(first + steps * timedelta(hours=wanted.every_hours))


def _said(control: Database) -> dict[str, str]:
    names = f"'{PLAN}', '{RAN}', '{DRILLED}', '{ASKED}'"
    return {row["name"]: row["value"] for row in control.rows(f"SELECT * FROM box WHERE name IN ({names})")}


def _remember(control: Database, name: str, value: str) -> None:
    control.upsert("box", {"name": name, "value": value}, ("name",))
