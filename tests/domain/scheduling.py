"""A tenant with schedules whose clock a test sets, and the hand that ticks them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from appliance import clock
from appliance.db.database import Database
from appliance.domain import lifecycle, tasks
from appliance.domain.actor import Actor
from appliance.domain.schedules import rows, verbs
from appliance.domain.schedules.forms import NewSchedule, StartTask
from appliance.domain.schedules.rows import Schedule, Tick
from appliance.domain.tasks import Task
from appliance.engine.ticking import Ticking
from tests.domain.waking import Office

NOON = "2027-01-04T12:00:00Z"
"""A Monday."""


class Calendar:
    """Everything happens at `now`; `tick` is what the leader does each second."""

    def __init__(self, office: Office) -> None:
        self.db: Database = office.db
        self.office = office
        self.person: Actor = office.person
        self.ticking = Ticking()

    def add(self, slug: str = "daily", cron: str = "", **given: Any) -> Schedule:
        """Hourly unless it says otherwise; its task is nobody's, so that it stays open until a test ends it."""
        given.setdefault("task", StartTask("Look", assignee=given.pop("assignee", None)))
        cron = cron if cron or given.get("every") else "0 * * * *"
        return verbs.add(self.db, self.person, NewSchedule(slug, cron=cron, **given))

    def now(self, found: Schedule) -> Schedule:
        return rows.get(self.db, found.id)

    def tick(self) -> None:
        self.ticking.tick(self.db)

    @contextmanager
    def at(self, moment: str) -> Iterator[None]:
        """The clock stands at this moment, and the schedules have been looked at."""
        with clock.frozen(clock.parse(moment)):
            self.tick()
            yield

    def pass_hours(self, hours: float, start: str = NOON) -> None:
        """The clock goes on by the quarter of an hour, with a look each time."""
        for n in range(1, int(hours * 4) + 1):
            with clock.frozen(clock.parse(start) + timedelta(minutes=15 * n)):
                self.tick()

    def ticks(self, found: Schedule) -> list[Tick]:
        """Oldest first."""
        return rows.ticks(self.db, found.id, 200).items[::-1]

    def told(self, found: Schedule) -> list[str]:
        """When and what, oldest first."""
        return [f"{tick.due_at[8:16]} {tick.state}" for tick in self.ticks(found)]

    def states(self, found: Schedule) -> list[str]:
        return [tick.state for tick in self.ticks(found)]

    def tasks(self) -> list[Task]:
        return [tasks.get(self.db, row["id"]) for row in self.db.rows("SELECT id FROM tasks ORDER BY number")]

    def end(self, tick: Tick | Task, verb: str = "done") -> None:
        """A person ends what a tick has started."""
        task_id = tick.id if isinstance(tick, Task) else tick.task_id
        assert task_id
        lifecycle.move(self.db, self.person, task_id, verb)
