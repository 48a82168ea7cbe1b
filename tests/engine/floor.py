"""A shop floor: Acme with agent Ada on the simulated provider, and a pump that works when it is told to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import msgspec

from appliance import clock
from appliance.calls import Calls
from appliance.db.database import Database, Row
from appliance.domain import (
    agents,
    budgets,
    claims,
    comments,
    ledger,
    lifecycle,
    providers,
    runs,
    samples,
    steps,
    tasks,
    workspace,
)
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import AgentChange, NewAgent
from appliance.domain.agents import Agent
from appliance.domain.checks import NewCheck
from appliance.domain.ledger import Call, CallFilter
from appliance.domain.provider_forms import NewProvider
from appliance.domain.runs import Run
from appliance.domain.steps import Step
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from appliance.domain.workspace import Workspace
from appliance.engine.bells.line import Line
from appliance.engine.engine import ALL, Engine
from appliance.engine.pump import Pump
from appliance.engine.queue import Doorbell
from appliance.engine.sweeper import Sweeper
from appliance.gateway.client import Gateway
from tests.waiting import until
from tests.world import World

LEASE_S = 30.0


def tool(name: str, **arguments: Any) -> str:
    return f"sim: tool {name} {json.dumps(arguments)}"


def write(path: str, content: str = "text") -> str:
    return tool("workspace.write", path=path, content=content)


def comment(text: str) -> str:
    return tool("task.comment", text=text)


def finish(summary: str = "All done.") -> str:
    return tool("task.finish", summary=summary)


class Dead(BaseException):
    """A worker's process is gone: nothing it would have done next happens."""


class Floor:
    """`db` stays open for the test; `work()` carries out everything that may start now, in this thread."""

    def __init__(self, world: World, db: Database, gateway: Gateway) -> None:
        self.world = world
        self.db = db
        self.gateway = gateway
        self.tenant = world.acme
        self.actor: Actor = world.alice.actor
        samples.add_simulated(db, self.actor, world.vault, pace="instant")
        self.ada = self.agent("ada")
        self.calls = self.new_calls("floor")
        self.pump = self.new_pump()
        self.bell = self.pump.bell
        self.sweeper = Sweeper(world.catalogue, self.bell, "floor")

    def new_calls(self, owner: str, timeout_s: float = 120.0) -> Calls:
        calls = Calls(self.world.vault, self.gateway, owner, timeout_s)
        # Pauses between the tries of one call end at once when the server stops; here they always do.
        calls.stopping.set()
        return calls

    def new_pump(self, owner: str = "floor", lease_s: float = LEASE_S) -> Pump:
        return Pump(self.world.catalogue, self.new_calls(owner), Doorbell(), owner, lease_s)

    def agent(self, slug: str, **fields: Any) -> Agent:
        given = {"max_concurrency": 50, "model": "simulated"} | fields
        return agents.create(self.db, self.actor, NewAgent(slug, slug.title(), "Work well.", **given))

    def change_agent(self, **fields: Any) -> None:
        self.ada = agents.change(self.db, self.actor, "ada", AgentChange(**fields))

    def account(self, kind: str, url: str, model: str, **fields: Any) -> None:
        """Ada works with `model` of another account from now on."""
        providers.add(
            self.db, self.actor, self.world.vault, NewProvider("Other", kind, url, "sk-1", models=[model], **fields)
        )
        budgets.put(self.db, self.actor, "tenant", "", "month", 1_000 * budgets.NANO)
        self.change_agent(model=model)

    def task(self, *script: str, title: str = "Do it", checks: list[NewCheck] | None = None, **fields: Any) -> Task:
        """A task for Ada whose model plays `script`, one line a turn; it is queued at once."""
        given = {"assignee": "ada"} | fields
        return tasks.create(self.db, self.actor, NewTask(title, "\n".join(script), checks=checks or [], **given))

    def claim(self, owner: str = "floor", lease_s: float = LEASE_S) -> Run:
        [run] = claims.claim(self.db, owner, lease_s)
        return run

    def work(self) -> None:
        for _ in range(200):
            if not claims.has_ready(self.db):
                return
            self.pump.serve(self.tenant.id)

    def die_after(self, count: int) -> None:
        """Work on the next run until its `count`-th model or tool step is committed; there the worker dies."""
        left = [count]

        def hear(tenant: str, events: list[Row]) -> None:
            recorded = sum(event["kind"] == "step.done" for event in events)
            left[0] -= recorded
            if recorded and left[0] in range(-1, 1):
                left[0] = -9
                raise Dead

        self.world.catalogue.subscribe(hear)
        with suppress(Dead):
            self.new_pump("mortal").serve(self.tenant.id)

    def die_at(self, state: str) -> None:
        """Work on the next run until a step is committed in this state; there the worker dies."""

        alive = [True]

        def hear(tenant: str, events: list[Row]) -> None:
            if alive and any(event["kind"] == f"step.{state}" for event in events):
                alive.clear()
                raise Dead

        self.world.catalogue.subscribe(hear)
        with suppress(Dead):
            self.new_pump("mortal").serve(self.tenant.id)

    def take_back(self, owner: str = "mortal") -> None:
        """What the sweeper does once that worker's lease has run out."""
        assert claims.release(self.db, "lease_owner = :owner", {"owner": owner}) == 1

    def done(self, *script: str, **fields: Any) -> Task:
        """A task after everything that could be done about it now."""
        task = self.task(*script, **fields)
        self.work()
        return self.now(task)

    @contextmanager
    def later(self, seconds: float) -> Iterator[None]:
        with clock.frozen(clock.now() + timedelta(seconds=seconds)):
            self.sweeper.sweep()
            yield

    def now(self, task: Task) -> Task:
        return tasks.get(self.db, task.id)

    def run(self, task: Task) -> Run:
        return runs.of_task(self.db, task.id)[0]

    def steps(self, task: Task) -> list[Step]:
        return steps.of_run(self.db, self.run(task).id)

    def tools(self, task: Task) -> list[Step]:
        return [step for step in self.steps(task) if step.kind == "tool"]

    def said(self, task: Task) -> list[str]:
        """What tools answered the model, in order."""
        said = steps.conversation(self.db, self.run(task).id, self.world.catalogue.files(self.tenant.id))
        return [m.content for m in said if m.role == "tool"]

    def comments(self, task: Task) -> list[str]:
        return [comment.body for comment in comments.of_task(self.db, task.id)]

    def ledger(self, task: Task) -> list[Call]:
        """Oldest first."""
        return ledger.calls(self.db, limit=200, only=CallFilter(task_id=task.id)).items[::-1]

    def files(self, task: Task) -> Workspace:
        return workspace.of_task(self.world.catalogue.files(self.tenant.id), task.id)

    def cancel(self, task: Task) -> None:
        lifecycle.cancel(self.db, self.actor, task.id)

    def reserved(self) -> int:
        return int(self.db.value("SELECT COUNT(*) AS n FROM reservations"))

    def outcome(self, task: Task) -> tuple[str, str, str]:
        """(run state, failure code or wait reason, task state)."""
        run = self.run(task)
        return run.state, run.failure_code or run.reason, self.now(task).state

    def until(self, task: Task, *states: str, seconds: float = 10) -> Task:
        """The task once it is in one of `states`."""
        return until(lambda: found if (found := self.now(task)).state in states else None, seconds)

    @contextmanager
    def engine(
        self,
        workers: int = 2,
        owner: str = "engine",
        lease_s: float = LEASE_S,
        hears: bool = True,
        line: Line | None = None,
        parts: frozenset[str] = ALL,
    ) -> Iterator[Engine]:
        """A running engine; it `hears` of everything committed here, or has only its sweep."""
        engine = Engine(
            self.world.catalogue,
            Calls(self.world.vault, self.gateway, owner),
            owner,
            workers,
            lease_s,
            line=line,
            parts=parts,
        )
        if hears:
            self.world.catalogue.subscribe(engine.hear)
        engine.start()
        try:
            yield engine
        finally:
            engine.stop()


def data(value: Any) -> Any:
    """A Struct as plain values, to compare what must not change."""
    return msgspec.to_builtins(value)
