"""Agents Ada and Ben, who reports to her, at a desk of tasks: for the tests of wakes."""

from collections import Counter
from typing import Any, NamedTuple

from appliance import clock
from appliance.db.database import Database
from appliance.domain import agents, approvals, claims, endings, runs, samples, tasks, wake_rows, wakes
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.agent_forms import NewAgent
from appliance.domain.approvals import Approval
from appliance.domain.runs import Run
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from appliance.domain.wake_rows import Wake
from tests.world import World


class Office(NamedTuple):
    """`person` is Otto; `ada` and `ben` act as agents."""

    db: Database
    person: Actor
    ada: Actor
    ben: Actor

    def task(self, title: str = "T", **fields: Any) -> Task:
        return tasks.create(self.db, self.person, NewTask(title, **fields))

    def resting(self, assignee: str = "ada") -> Task:
        """A task whose agent was not started."""
        return self.task(assignee=assignee, start=False)

    def now(self, task: Task) -> Task:
        return tasks.get(self.db, task.id)

    def begin(self) -> Run:
        [run] = claims.claim(self.db, "w", 30)
        return run

    def complete(self, run: Run) -> str:
        with self.db.transaction():
            return endings.complete(self.db, run, "R", {})

    def fail(self, run: Run, blocked: str = "capability") -> None:
        with self.db.transaction():
            endings.fail(self.db, run, "failed", "provider_auth", "No.", blocked)

    def finished(self, task: Task) -> Task:
        """After the one queued run has succeeded."""
        self.complete(self.begin())
        return self.now(task)

    def wake(self, task: Task, reason: str = "child_ended", actor: Actor = SYSTEM, **more: Any) -> Wake:
        return wakes.wake(self.db, actor, task, reason, None, **more)

    def wakes(self, task: Task) -> list[tuple[str, str]]:
        """(reason, state), oldest first."""
        return [(w.reason, w.state) for w in reversed(wake_rows.of_task(self.db, task.id))]

    def runs(self, task: Task) -> list[str]:
        """States, newest first."""
        return [run.state for run in runs.of_task(self.db, task.id)]

    def breakers(self) -> list[Approval]:
        return approvals.listing(self.db, kind="breaker").items

    def counted(self) -> Counter[str]:
        return Counter(row["state"] for row in self.db.rows("SELECT state FROM wakes"))

    def calls(self) -> int:
        return int(self.db.value("SELECT COUNT(*) AS n FROM calls"))


def open_office(world: World, db: Database) -> Office:
    samples.add_simulated(db, SYSTEM, world.vault, pace="instant")
    made = [
        agents.create(db, SYSTEM, NewAgent(slug, slug.title(), "Work.", "simulated", "", manager, max_concurrency=50))
        for slug, manager in (("ada", None), ("ben", "ada"))
    ]
    return Office(db, world.otto.actor, *(Actor("agent", a.id, a.name, "operator") for a in made))


def ahead(seconds: float) -> str:
    return clock.ahead(seconds)
