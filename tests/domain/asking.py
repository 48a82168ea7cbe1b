"""An agent at work that asks people, for the tests of approvals."""

from datetime import timedelta
from typing import Any, NamedTuple

from appliance import clock
from appliance.db.database import Database
from appliance.domain import agents, approvals, runs, tasks
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import NewAgent
from appliance.domain.approvals import Approval, Ask
from appliance.domain.runs import Run
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from tests.world import World

CLOCKS = ("created_at", "expires_at", "remind_at", "escalate_at")


class Desk(NamedTuple):
    """Agent Mara works on a task; `actor` is she."""

    db: Database
    task: Task
    run: Run
    actor: Actor

    def ask(self, kind: str = "action", step_key: str = "tool", **fields: Any) -> Approval:
        given = {"title": "Send the letter", "payload": payload() if kind == "action" else {}} | fields
        about = {"task_id": self.task.id, "run_id": self.run.id, "agent_id": self.run.agent_id}
        with self.db.transaction():
            return approvals.ask(self.db, self.actor, Ask(kind, **given), step_key=step_key, **about)  # type: ignore[arg-type]

    def waits(self, reason: str = "approval") -> None:
        with self.db.transaction():
            assert runs.wait(self.db, self.run, reason, None, "Asks a person.")

    def later(self, seconds: float) -> None:
        """Time passes for every approval, whichever clock the database judges by."""
        age(self.db, seconds)

    def state(self) -> str:
        return runs.get(self.db, self.run.id).state

    def told(self) -> list[str]:
        """What the log says of approvals, oldest first."""
        rows = self.db.rows("SELECT kind FROM events WHERE kind LIKE 'approval.%' ORDER BY seq")
        return [row["kind"].removeprefix("approval.") for row in rows]


def payload(**arguments: Any) -> dict[str, Any]:
    return {"tool": "mail.send", "arguments": {"text": "Dear Bob"} | arguments, "target": "bob@globex.test"}


def sit_down(world: World, db: Database, slug: str = "mara") -> Desk:
    agent = agents.create(db, world.alice.actor, NewAgent(slug, slug.title(), "Write.", "simulated"))
    task = tasks.create(db, world.alice.actor, NewTask("Write to Bob", assignee=slug))
    run = runs.claim(db, "test", 30)
    assert run is not None
    return Desk(db, task, run, Actor("agent", agent.id, agent.name, "operator"))


def age(db: Database, seconds: float) -> None:
    for row in db.rows(f"SELECT id, {', '.join(CLOCKS)} FROM approvals"):
        earlier = {c: clock.iso(clock.parse(row[c]) - timedelta(seconds=seconds)) for c in CLOCKS if row[c]}
        db.update("approvals", {"id": row["id"]}, **earlier)
