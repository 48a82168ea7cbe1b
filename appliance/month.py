"""A month of Northwind in seconds: thirty days of work by the real engine, on a clock that is moved by hand.

No figure is made up here. People hand out work and decide, agents work with simulated models, and what that costs, how
long it takes and where it stops is what the engine makes of it. The same seed and day give the same month.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from appliance import clock
from appliance import northwind_month as plot
from appliance.app import Box
from appliance.db.database import Database
from appliance.domain import approvals, claims, decisions, lifecycle, limits, tasks
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval
from appliance.domain.budget_forms import NewBudget
from appliance.domain.budget_words import NANO
from appliance.domain.instances import starting
from appliance.domain.schedules import verbs as schedules
from appliance.domain.task_forms import NewTask
from appliance.domain.workflows import templates
from appliance.engine.pump import Pump
from appliance.engine.queue import Doorbell
from appliance.engine.sweeper import Sweeper
from appliance.northwind import HISTORY, WORKFLOWS, Work, hand_out

DAYS = 30
LEASE_S = 40 * 86_400.0
# How long it takes until somebody looks.
MINUTES = (4, 11, 25, 40, 70, 130, 200)
# What was asked in the last hours waits for whoever opens the demo.
UNDECIDED = timedelta(hours=5)
TICK = timedelta(seconds=1)
# When the next timer rings: of a run, of a step of a workflow, or of the calendar.
DUE = """SELECT MIN(at) AS at FROM (
  SELECT MIN(ready_at) AS at FROM runs WHERE state = 'waiting'
  UNION ALL SELECT MIN(wake_at) FROM nodes WHERE wake_at IS NOT NULL AND finished_at IS NULL
  UNION ALL SELECT MIN(fire_at) FROM schedules WHERE state = 'active') timers"""
# Results to look at and work that is stuck are dealt with at their task.
ANSWERED = ("question", "budget", "breaker", "step")
Act = Callable[[], object]


class Month:
    """`people` hand out and decide, the owner first; `end` is the moment the month leads up to."""

    def __init__(self, box: Box, db: Database, people: list[Actor], end: datetime, seed: int) -> None:
        self._db = db
        self._people = people
        self._chiefs = [person for person in people if person.role in ("owner", "admin")]
        self._end = end
        self._choose = random.Random(seed)
        self._acts: list[tuple[datetime, int, Act]] = []
        self._told: set[str] = set()
        bell = Doorbell()
        self._pump = Pump(box.catalogue, box.calls, bell, box.owner, LEASE_S)
        self._sweeper = Sweeper(box.catalogue, bell, box.owner)
        self._planned = 0
        self._steps = 0

    def fill(self) -> None:
        """Let everything happen, in the order of its time."""
        self._plan()
        while self._acts:
            moment, _, act = heapq.heappop(self._acts)
            self._pass_until(moment)
            act()
            self._work()
            self._tell_people()
        self._pass_until(self._end)

    def at(self, moment: datetime, act: Act) -> None:
        """Let it happen then; what would be after the month does not."""
        if moment < self._end:
            self._planned += 1
            heapq.heappush(self._acts, (moment, self._planned, act))

    def _plan(self) -> None:
        works = [work for kind in plot.KINDS for work in kind.works()]
        self._choose.shuffle(works)
        for day in self._days():
            least, most = plot.WEEKDAY if day.weekday() < 5 else plot.WEEKEND
            for _ in range(self._choose.randint(least, most)):
                if works:
                    self._hand_out(self._hour(day), works.pop())
        *recent, last = HISTORY
        for work in recent:
            self._hand_out(self._end - timedelta(minutes=self._choose.randrange(30, 60 * 40)), work)
        # Its budget stops it, and nobody has decided about that yet.
        self._hand_out(self._end - UNDECIDED / 2, last)
        days = list(self._days())
        self._plan_workflows(days)
        self._plan_calendar(days)
        self._plan_trouble(days)

    def _plan_workflows(self, days: list[datetime]) -> None:
        for slug in WORKFLOWS:
            self.at(days[0] + timedelta(hours=6), partial(templates.apply, self._db, self._people[0], slug))
        weekdays = [day for day in days if day.weekday() < 5]
        for n, day in enumerate(weekdays):
            if n % plot.TRIAGE_EVERY == 0:
                self._start(day + timedelta(hours=9), "support-triage", self._tickets(n), f"Tickets of {day:%d %B}")
        for n, day in enumerate(day for day in weekdays if day.weekday() == plot.RELEASE_DAY):
            changes = self._choose.sample(plot.CHANGES, k=4)
            version = {"version": f"2.{n}", "product": "Northwind Desk", "changes": changes}
            self._start(day + timedelta(hours=14), "release-notes", version, f"Release notes 2.{n}")

    def _tickets(self, day: int) -> dict[str, Any]:
        texts = self._choose.sample(plot.TICKETS, k=self._choose.randint(2, 3))
        tickets = [
            {"id": f"T-{100 + 10 * day + n}", "customer": self._choose.choice(plot.CUSTOMERS), "text": text}
            for n, text in enumerate(texts)
        ]
        return {"tickets": tickets, "refund_limit": 20}

    def _start(self, moment: datetime, slug: str, inputs: dict[str, Any], title: str) -> None:
        giver = self._choose.choice(self._people)
        self.at(moment, partial(starting.start, self._db, giver, slug, inputs, title=title))

    def _plan_calendar(self, days: list[datetime]) -> None:
        for new in plot.SCHEDULES:
            self.at(days[1] + timedelta(hours=5), partial(schedules.add, self._db, self._chiefs[-1], new))

    def _plan_trouble(self, days: list[datetime]) -> None:
        self.at(self._hour(days[4]), self._cap)
        self.at(days[8] + timedelta(hours=9), self._go_round)
        for n, work in enumerate(plot.BROKEN):
            self._hand_out(self._hour(days[6 + 7 * n]), work)
        for n in range(3):
            self._hand_out(days[13] + timedelta(hours=8, minutes=5 * n), plot.OUTAGE)

    def _days(self) -> Iterator[datetime]:
        first = (self._end - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
        return (first + timedelta(days=n) for n in range(DAYS + 1))

    def _hour(self, day: datetime) -> datetime:
        [hour] = self._choose.choices(list(plot.HOURS), list(plot.HOURS.values()))
        return day + timedelta(hours=hour, seconds=self._choose.randrange(3600))

    def _hand_out(self, moment: datetime, work: Work) -> None:
        giver = self._choose.choice(self._people)
        self.at(moment, partial(hand_out, self._db, giver, work))

    def _cap(self) -> None:
        limits.create(self._db, self._chiefs[-1], NewBudget("agent", "month", plot.CAP_USD, plot.CAPPED))

    def _go_round(self) -> None:
        giver = self._people[-1]
        whole = hand_out(self._db, giver, plot.ROUNDS)
        self._work()
        for n, name in enumerate(plot.ROUND_PARTS):
            part = NewTask(f"Audit answers of {name}", plot.PART, "sana", parent_id=whole.id)
            self.at(clock.now() + timedelta(minutes=20 * n + 5), partial(tasks.create, self._db, giver, part))

    def _pass_until(self, moment: datetime) -> None:
        """Timers that are due on the way ring at their time."""
        while (at := self._db.value(DUE)) and at < clock.iso(moment):
            self._go_on(max(clock.parse(at), clock.now() + TICK))
            self._tell_people()
        self._go_on(moment)

    def _go_on(self, moment: datetime) -> None:
        clock.go_on(moment)
        self._sweeper.tick()
        self._sweeper.sweep()
        self._work()

    def _work(self) -> None:
        while claims.has_ready(self._db):
            self._pump.serve(self._db.name)

    def _tell_people(self) -> None:
        """Each new question and each result to be looked at is answered by somebody within hours."""
        if clock.now() > self._end - UNDECIDED:
            return
        for asked in reversed(approvals.listing(self._db, limit=50).items):
            self._soon(asked.id, partial(self._decide, asked.id))
        for row in self._db.rows("SELECT id FROM tasks WHERE state = 'in_review' ORDER BY number"):
            self._soon(row["id"], partial(self._look_at, row["id"]))

        for row in self._db.rows("SELECT id FROM tasks WHERE state = 'blocked' AND parent_id IS NULL ORDER BY number"):
            self._soon(f"blocked {row['id']}", partial(self._give_up, row["id"]), timedelta(hours=26))

    def _soon(self, about: str, act: Act, later: timedelta = timedelta()) -> None:
        if about not in self._told:
            self._told.add(about)
            self.at(clock.now() + later + timedelta(minutes=self._choose.choice(MINUTES)), act)

    def _decide(self, approval_id: str) -> None:
        found = approvals.get(self._db, approval_id)
        if found.state != "pending" or found.kind not in ANSWERED:
            return
        chiefs = found.kind == "budget"
        person = self._choose.choice(self._chiefs if chiefs else self._people)
        if found.kind == "breaker" or self._refuses(found):
            decisions.decide(self._db, person, found.id, "reject", self._choose.choice(plot.NO))
        else:
            verdict = "answer" if found.kind == "question" else "approve"
            decisions.decide(self._db, person, found.id, verdict, given=self._given(found))

    def _refuses(self, found: Approval) -> bool:
        self._steps += found.kind == "step"
        every = found.kind == "step" and self._steps % plot.NO_EVERY == 0
        return every or found.title.endswith(plot.REFUSED)

    def _given(self, found: Approval) -> dict[str, str]:
        if not found.options:
            return {}
        option = self._choose.choice(found.options[:2])
        return {"option": option.value, "amount_usd": option.amount_usd}

    def _look_at(self, task_id: str) -> None:
        if tasks.get(self._db, task_id).state == "in_review":
            lifecycle.approve(self._db, self._choose.choice(self._people), task_id)

    def _give_up(self, task_id: str) -> None:
        if tasks.get(self._db, task_id).state == "blocked":
            lifecycle.cancel(self._db, self._choose.choice(self._people), task_id)


def told(db: Database) -> Iterator[str]:
    """What happened, in lines of numbers."""
    counts = {
        "runs of agents": "SELECT COUNT(*) AS n FROM runs",
        "of them failed": "SELECT COUNT(*) AS n FROM runs WHERE state IN ('failed', 'incomplete', 'timed_out')",
        "decisions by people": "SELECT COUNT(*) AS n FROM approvals WHERE decided_by IS NOT NULL",
        "questions left for you": "SELECT COUNT(*) AS n FROM approvals WHERE state = 'pending'",
    }
    yield ", ".join(f"{int(db.value(sql)):,} {name}" for name, sql in counts.items())
    spent = int(db.value("SELECT CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) AS n FROM runs"))
    yield f"${spent / NANO:,.2f} simulated"
