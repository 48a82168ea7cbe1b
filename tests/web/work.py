"""Agents and tasks for tests, made and moved by the same verbs as in the product."""

from typing import Any

from appliance import clock
from appliance.domain import agents, claims, endings, samples, steps, tasks, workspace
from appliance.domain.agent_forms import NewAgent
from appliance.domain.agents import Agent
from appliance.domain.runs import Run
from appliance.domain.steps import Step
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from tests.world import World

STRANGER_GETS = (404, "not_found")


def hire(world: World, slug: str = "mara", name: str = "Mara Quill", **more: Any) -> Agent:
    with world.db() as db:
        return agents.create(db, world.alice.actor, NewAgent(slug, name, "Write plainly.", "simulated", **more))


def connect(world: World) -> None:
    """A simulated provider account."""
    with world.db() as db:
        samples.add_simulated(db, world.alice.actor, world.vault)


def hand_out(world: World, title: str = "Draft release notes", **more: Any) -> Task:
    with world.db() as db:
        return tasks.create(db, world.alice.actor, NewTask(title, **more))


def begin(world: World) -> Run:
    """The next queued run, claimed as an engine would."""
    with world.db() as db:
        [run] = claims.claim(db, "test", 30)
        return run


def record(world: World, run: Run, kind: str, name: str, given: Any = None, result: Any = None) -> None:
    """One more recorded step of a claimed run."""
    with world.db() as db, db.transaction():
        ord_ = len(steps.of_run(db, run.id)) + 1
        now = clock.iso()
        about = {"effect": "tx", "input_digest": steps.digest(given), "state": "done", "attempts": 1, "input": given}
        about |= {"result": result or {}, "first_message": None, "last_message": None, "call_id": None}
        about |= {"cost_nano": 0, "fence": run.fence, "started_at": now, "finished_at": now}
        steps.save(
            db, run, Step(run.id, f"{name}#{ord_}", ord_, kind, name, **about), [], world.catalogue.files(world.acme.id)
        )


def finish(world: World, run: Run, result: str = "All done.") -> str:
    with world.db() as db, db.transaction():
        return endings.complete(db, run, result, {})


def fail(
    world: World,
    run: Run,
    detail: str = "The provider refused the key. Put a valid key in.",
    blocked: str = "capability",
) -> None:
    with world.db() as db, db.transaction():
        endings.fail(db, run, "failed", "provider_auth", detail, blocked)


def write_file(world: World, task: Task, path: str, content: str) -> None:
    workspace.of_task(world.catalogue.files(world.acme.id), task.id).write(path, content.encode())
