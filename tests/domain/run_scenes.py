"""Runs in every state, made by the domain's own verbs, also beside a running server that would take them first."""

from pathlib import Path
from typing import Any

from appliance import clock
from appliance.db.database import Database
from appliance.domain import approvals, claims, doubt, endings, runs, steps, tasks
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval
from appliance.domain.runs import Run
from appliance.domain.steps import Message, Step
from appliance.domain.tasks import Task

LETTER = {"to": "bob@globex.test", "subject": "Invoice 17", "body": "Dear Bob,\nthe invoice is late.\nAlice"}


class Scene:
    """One task's run, claimed by nobody but the test: each state is reached in one transaction."""

    def __init__(self, db: Database, files: Path, actor: Actor, task: Task) -> None:
        self.db = db
        self.files = files
        self.actor = actor
        self.task = task

    def begin(self, owner: str = "scene") -> Run:
        """Queued and claimed at once."""
        with self.db.transaction():
            run_id = runs.enqueue(self.db, self.actor, tasks.get(self.db, self.task.id), cause_event=None)
            self.db.update("runs", {"id": run_id}, priority=99)
            [run] = claims.claim(self.db, owner, 3600)
            assert run.id == run_id
            return run

    def record(self, run: Run, base: str, given: Any = None, *said: Message, **values: Any) -> Step:
        """One more step of the run, done unless told otherwise."""
        with self.db.transaction():
            found = steps.of_run(self.db, run.id)
            again = sum(step.key.partition("#")[0] == base for step in found)
            now = clock.iso()
            row: dict[str, Any] = {"key": f"{base}#{again + 1}" if again else base, "ord": len(found) + 1}
            row |= {"kind": "tool", "name": base, "effect": "tx", "input": given, "input_digest": steps.digest(given)}
            row |= {"state": "done", "attempts": 1, "result": {"ok": True}, "first_message": None, "last_message": None}
            row |= {"call_id": None, "cost_nano": 0, "fence": run.fence, "started_at": now, "finished_at": now}
            step = Step(run.id, **(row | values))
            steps.save(self.db, run, step, list(said), self.files)
        return step

    def talk(self, run: Run) -> None:
        """What a run usually begins with: the brief, an answer, a file."""
        brief = [Message("system", "Your name is Mara."), Message("user", "Task: write to Bob")]
        self.record(run, "brief", {}, *brief, kind="note")
        said = {"stop": "tool_calls", "preview": "I write it down first.", "in": 1204, "cached": 980, "out": 212}
        call = {"id": "c1", "name": "workspace.write", "arguments": '{"path": "letter.md"}'}
        answer = Message("assistant", "I write it down first.", [call])
        self.record(run, "model", None, answer, kind="model", name="sim-standard", result=said, cost_nano=4_100_000)
        self.record(run, "workspace.write", {"path": "letter.md", "content": LETTER["body"]}, effect="idempotent")

    def in_doubt(self) -> Approval:
        """Nobody knows whether the letter was sent."""
        with self.db.transaction():
            run = self.begin()
            self.talk(run)
            intent = {"effect": "once", "state": "intent", "finished_at": None, "result": {}}
            doubt.park(self.db, run, self.record(run, "mail.send", LETTER, **intent))
            return approvals.of_run(self.db, run.id)[0]

    def parked(self, reason: str, detail: str) -> Run:
        with self.db.transaction():
            run = self.begin()
            self.talk(run)
            runs.park(self.db, run, reason, detail)
        return runs.get(self.db, run.id)

    def failed(self, code: str = "provider_auth", detail: str = "The provider refused the key.") -> Run:
        with self.db.transaction():
            run = self.begin()
            self.talk(run)
            self.record(run, "model", None, kind="model", name="sim-standard", state="failed", result={}, attempts=3)
            endings.fail(self.db, run, "failed", code, detail, "capability")
        return runs.get(self.db, run.id)

    def resting(self, seconds: float) -> Run:
        """It waits for time, as a recorded step."""
        with self.db.transaction():
            run = self.begin()
            self.talk(run)
            until = clock.ahead(seconds)
            pause = {"kind": "wait", "state": "waiting", "result": {"until": until}, "finished_at": None}
            self.record(run, "pause", {"seconds": seconds}, **pause)
            runs.wait(self.db, run, "timer", until, "")
        return runs.get(self.db, run.id)

    def crashed(self) -> Run:
        """A worker was lost; the next one has it now."""
        with self.db.transaction():
            run = self.begin("4711-lost")
            self.talk(run)
            claims.release(self.db, "id = :id", {"id": run.id})
            self.db.update("runs", {"id": run.id}, priority=99, deadline_at=clock.ahead(5400))
            [run] = claims.claim(self.db, "4712-next", 3600)
        return runs.get(self.db, run.id)


def long_text(size: int) -> str:
    return "\n".join(f"Line {n} of a long text." for n in range(size // 24))
