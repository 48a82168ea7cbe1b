"""What the runs of the suite do: bodies that play the script in their task, one act of every kind of effect and wait.

A ledger table without any constraint counts what was done inside, the file of outside.py what was done outside.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import endings, runs, signals, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.approvals import Ask
from appliance.domain.task_forms import NewTask
from appliance.engine import effects
from appliance.engine.bodies import BODIES, Body
from appliance.engine.effects import Act
from appliance.engine.work import Work
from appliance.errors import Problem
from tests.crash.outside import Outside

LEDGER = (
    "CREATE TABLE crash_ledger (run_id TEXT NOT NULL, key TEXT NOT NULL, fence BIGINT NOT NULL, value TEXT NOT NULL)"
)
NAP_S = 0.15
FLAWS = 2
CHILDREN = 2


class Part(msgspec.Struct, frozen=True):
    """The body of a task: `acts` by name, `parent` the run that waits for this one's end."""

    acts: list[str] = []
    parent: str = ""


def register(outside: Outside, slow_s: float = 0.0) -> None:
    """Make the runtimes of the suite known; `slow_s` is the longest that something outside takes."""
    BODIES["play"] = Body(lambda work: Play(work, outside, slow_s).go())
    BODIES["quick"] = Body(lambda _: "done", quick=True)


def book(db: Database, run: runs.Run, key: str, value: str = "") -> str:
    db.execute(
        "INSERT INTO crash_ledger (run_id, key, fence, value) VALUES (:run, :key, :fence, :value)",
        {"run": run.id, "key": key, "fence": run.fence, "value": value},
    )
    return key


def end_with_parent(work: Work, parent: str) -> None:
    """The end of a child and the news of it are one commit."""
    with work.journal.held():
        endings.complete(work.journal.db, work.journal.run, "done", {})
        signals.send(work.journal.db, SYSTEM, parent, "child", work.journal.run.id, work.journal.run.id)


class Play:
    end_with_parent: Callable[[Work, str], None] = staticmethod(end_with_parent)

    def __init__(self, work: Work, outside: Outside, slow_s: float) -> None:
        self.work = work
        self.journal = work.journal
        self.db = work.journal.db
        self.run = work.journal.run
        self.outside = outside
        self.slow_s = slow_s
        self.part = msgspec.json.decode(tasks.get(self.db, self.run.task_id).body, type=Part)

    def go(self) -> str | None:
        for act in self.part.acts:
            ACTS[act](self)
        if self.part.parent:
            self.work.check()
            self.end_with_parent(self.work, self.part.parent)
            return None
        return "played"

    def inside(self) -> None:
        self.work.step("inside", lambda key: book(self.db, self.run, key), effect="tx")

    def outer(self, effect: str) -> None:
        find = self.outside.find if effect == "checkable" else None
        self.work.step(effect, lambda key: self.happen(effect, key), {"to": "outside"}, effect, find)

    def happen(self, effect: str, key: str, **about: Any) -> str:
        if self.slow_s:
            time.sleep(random.uniform(0, self.slow_s))
        return self.outside.happen(effect, key, run=self.run.id, fence=self.run.fence, **about)

    def once(self) -> None:
        """Done once, and only what a person has agreed to."""
        given = {"amount": 12}
        payload = {"tool": "send", "arguments": given, "target": self.run.id}
        ask = Ask("action", "Send it", payload=payload, expires_s=86_400)
        act: Act[Any] = Act(
            "step", "once", "once", given, lambda key: self.happen("once", key, digest=ask.digest),
            lambda value: ({"value": value}, []), lambda step: step.result["value"], ask=ask, declined=lambda _: "no",
        )  # fmt: skip
        self.work.check()
        effects.perform(self.journal, act)

    def nap(self) -> None:
        self.work.sleep("nap", NAP_S)

    def hear(self) -> None:
        said = self.work.signal("go")
        self.work.step("heard", lambda key: book(self.db, self.run, key, str(said)), said, "tx")

    def agree(self) -> None:
        asked = Ask("question", "Which colour?", expires_s=86_400)
        answer = self.work.approval("agree", asked).answer
        self.work.step("agreed", lambda key: book(self.db, self.run, key, answer), answer, "tx")

    def flaky(self) -> None:
        def fail(key: str) -> str:
            if self.outside.tried(key) <= FLAWS:
                raise Problem("unavailable", "The other side does not answer.")
            return self.happen("idempotent", key)

        self.work.step("flaky", fail)

    def family(self) -> None:
        """Hand out parts of the work and go on when all of them have ended."""
        for n in range(CHILDREN):
            self.work.step(f"child {n}", self.bear, n, "tx")
        ended = {self.work.signal("child") for _ in range(CHILDREN)}
        self.work.step("family", lambda key: book(self.db, self.run, key, ",".join(sorted(ended))), effect="tx")

    def bear(self, key: str) -> str:
        part = msgspec.json.encode(Part(["inside"], self.run.id)).decode()
        new = NewTask(f"Child of {self.run.id}", part, "play", parent_id=self.run.task_id)
        return tasks.create(self.db, SYSTEM, new).id


ACTS: dict[str, Callable[[Play], None]] = {
    "inside": Play.inside,
    "idempotent": lambda play: play.outer("idempotent"),
    "keyed": lambda play: play.outer("keyed"),
    "checkable": lambda play: play.outer("checkable"),
    "once": Play.once,
    "nap": Play.nap,
    "hear": Play.hear,
    "agree": Play.agree,
    "flaky": Play.flaky,
    "family": Play.family,
}
# What one run leaves behind: rows in the ledger, and happenings outside by class.
ROWS = {"inside": 1, "hear": 1, "agree": 1, "family": 1}
HAPPENINGS = {"idempotent": "idempotent", "keyed": "keyed", "checkable": "checkable", "flaky": "idempotent"}


def outside_of(folder: Path) -> Outside:
    """The world around the data folder `folder`."""
    return Outside(folder.with_name("outside") / "happened.jsonl")
