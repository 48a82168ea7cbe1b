"""The people around the engine: they hand out work, some of it twice, send signals, and click too often.

Everything they do is looked up in the database first, so a crowd can be gone for a while like a worker can.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec

from appliance import ids
from appliance.db.database import Database, Row
from appliance.db.tenants import Catalogue
from appliance.domain import approvals, decisions, idempotency, signals, tasks
from appliance.domain.approvals import Approval
from appliance.domain.idempotency import Claim
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.crash import scene
from tests.crash.outside import Outside
from tests.crash.plays import Part

# Not at once: what takes no time is one commit, and here the places between reserving and settling are looked for.
SCRIPT = """sim: latency 1ms
sim: tool task.comment {"text": "said"}
sim: tool task.finish {"summary": "All done."}"""
QUICK, MODEL = ["quick"], ["model"]
EVERYTHING = ["inside", "idempotent", "keyed", "nap", "checkable", "hear", "once", "inside"]
# Weights in a hundred.
MIX: tuple[tuple[int, list[str]], ...] = (
    (60, QUICK),
    (12, ["inside", "inside"]),
    (6, ["inside", "keyed", "checkable"]),
    (5, ["nap", "inside"]),
    (4, ["hear", "inside"]),
    (3, ["once", "inside"]),
    (1, ["agree"]),
    (2, ["flaky", "inside"]),
    (3, MODEL),
    (2, ["family", "inside"]),
    (2, EVERYTHING),
)
TWICE = 0.05
PAUSE_S = 0.001
_WAITING = "SELECT id FROM runs WHERE state = 'waiting' AND reason = 'signal' AND wait_key = 'go'"


class Accepted(NamedTuple):
    """What the crowd was promised: a submission that was answered."""

    tenant: str
    key: str
    task: str
    acts: list[str]


class Crowd:
    def __init__(self, catalogue: Catalogue, outside: Outside, seed: int, clicks_at_once: bool = True) -> None:
        self.catalogue = catalogue
        self.outside = outside
        self.chance = random.Random(seed)
        self.accepted: list[Accepted] = []
        self.refused = 0
        self._second = ThreadPoolExecutor(1, "second-click") if clicks_at_once else None

    def hand_out(self, tenant: str, count: int) -> None:
        weights = [weight for weight, _ in MIX]
        with self.catalogue.open(tenant) as db:
            for acts in self.chance.choices([acts for _, acts in MIX], weights, k=count):
                key = ids.new()
                self.submit(db, key, acts)
                if self.chance.random() < TWICE:
                    self.submit(db, key, acts)
                # SQLite's lock between processes is not fair: a crowd without a pause would keep the worker out.
                time.sleep(PAUSE_S)

    def submit(self, db: Database, key: str, acts: list[str]) -> None:
        """As the API does: the key, the task and its run are one commit; the same key again answers the first."""
        claim = Claim(key, scene.PERSON.label, "tasks", "-")
        slug = acts[0] if acts in (QUICK, MODEL) else "play"
        body = SCRIPT if acts == MODEL else msgspec.json.encode(Part(acts)).decode()
        with db.transaction():
            if not idempotency.claim(db, claim):
                assert idempotency.earlier(db, claim).answer in {one.task for one in self.accepted[-1:]}
                return
            task = tasks.create(db, scene.PERSON, NewTask("Play", body, slug, labels=[key]))
            idempotency.keep(db, claim, task.id)
        self.accepted.append(Accepted(db.name, key, task.id, acts))

    def act(self) -> int:
        """One round of everything people do while work goes on; how much there was."""
        done = 0
        for tenant in scene.ids_of(self.catalogue):
            with self.catalogue.open(tenant) as db:
                done += self._signal(db) + self._decide(db)
        return done

    def _signal(self, db: Database) -> int:
        found = db.rows(f"{_WAITING} LIMIT 100")
        for row in found:
            for _ in range(2):
                self._send(db, row["id"])
        return len(found)

    def _send(self, db: Database, run_id: str) -> None:
        try:
            signals.send(db, scene.PERSON, run_id, "go", "green", f"go-{run_id}")
        except Problem as problem:
            # The first one may have taken the run to its end already.
            if problem.code != "run_ended":
                raise

    def _decide(self, db: Database) -> int:
        sql = "SELECT id FROM approvals WHERE state = 'pending' ORDER BY created_at LIMIT 100"
        found = [approvals.get(db, row["id"]) for row in db.rows(sql)]
        for one in found:
            verdict, given, note = self._verdict(one)
            other = "reject" if one.kind == "action" and one.id[-1] in "37" else verdict
            second = self._second and self._second.submit(self._click, db.name, one, other, given, note)
            self._decided(db, one, verdict, given, note)
            if second:
                second.result()
            else:
                self._click(db.name, one, other, given, note)
        return len(found)

    def _click(self, tenant: str, found: Approval, verdict: str, given: Row, note: str) -> None:
        """In the other tab, at the same moment."""
        with self.catalogue.open(tenant) as db:
            self._decided(db, found, verdict, given, note)

    def _decided(self, db: Database, found: Approval, verdict: str, given: Row, note: str) -> None:
        try:
            decisions.decide(db, scene.PERSON, found.id, verdict, note, given)
        except Problem as problem:
            if problem.code != "conflict":
                raise
            self.refused += 1

    def _verdict(self, found: Approval) -> tuple[str, Row, str]:
        """(verdict, given, note). Asked what became of an effect, they look and tell the truth."""
        if found.kind == "question":
            return "answer", {}, "green"
        if found.kind == "budget":
            return "approve", {"option": "raise", "amount_usd": found.options[0].amount_usd}, ""
        happened = self.outside.find(f"{found.run_id}:{found.step_key}")
        if found.kind == "in_doubt":
            return "approve", {"option": "done" if happened else "again"}, ""
        return ("reject" if happened or found.id[-1] == "0" else "approve"), {}, ""
