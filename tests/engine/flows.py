"""Workflows on the floor: a definition is applied, started and worked on, and its outcome looked at."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain.checks import NewCheck as NewCheck
from appliance.domain.instances import nodes, rows, starting
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows.definition import AgentStep, Definition, Does, Step
from appliance.engine import planner
from appliance.engine.work import Ended, Work
from tests.engine.floor import Floor
from tests.engine.programs import program


def apply(db: Database, steps: list[Step], slug: str = "flow", **fields: Any) -> Definition:
    """The next version of the workflow, as applying its YAML stores it."""
    fields = {"inputs": {"type": "object", "additionalProperties": True}} | fields
    made = Definition(slug, fields.pop("name", slug.title()), steps, **fields)
    text, now = msgspec.json.encode(made).decode(), clock.iso()
    with db.transaction():
        row = db.one("SELECT id, version FROM workflows WHERE slug = :slug AND archived_at IS NULL", {"slug": slug})
        workflow_id, version = (row["id"], row["version"] + 1) if row else (ids.new(), 1)
        told = {"id": workflow_id, "slug": slug, "name": made.name, "description": made.description}
        told |= {"version": version, "created_at": now, "updated_at": now, "archived_at": None}
        db.upsert("workflows", told, ("id",))
        kept = {"workflow_id": workflow_id, "version": version, "source": "", "definition": text, "actor": "test"}
        db.insert("workflow_versions", kept | {"digest": hashlib.sha256(text.encode()).hexdigest(), "at": now})
    return made


def step(id: str, does: Does | None = None, needs: list[str] | None = None, **fields: Any) -> Step:
    return Step(id, does or says(id), needs=needs or [], **fields)


def says(text: str = "Done.", agent: str = "ada", **fields: Any) -> AgentStep:
    """Ada's model answers with this text."""
    return AgentStep(agent, body=f"sim: say {text}", **fields)


def chain(*steps: Step) -> list[Step]:
    """Each step follows the one before it."""
    return [msgspec.structs.replace(one, needs=[steps[n - 1].id] if n else []) for n, one in enumerate(steps)]


@contextmanager
def flaky(floor: Floor, failures: int) -> Iterator[None]:
    """An agent `flaky` whose first runs fail."""
    left = [failures]

    def act(work: Work) -> str:
        if left[0]:
            left[0] -= 1
            raise Ended(planner.not_accepted(["it was not good"]))
        return "at last"

    with program(floor, act, "flaky"):
        yield


class Flow:
    """A started workflow of the floor."""

    def __init__(self, floor: Floor, instance: Instance) -> None:
        self.floor = floor
        self.id = instance.id

    @property
    def now(self) -> Instance:
        return rows.by_id(self.floor.db, self.id)

    @property
    def states(self) -> dict[str, str]:
        """State of each step by its path, in the order they started."""
        return {node.path: node.state for node in nodes.of(self.floor.db, self.id)}

    def node(self, path: str) -> Node:
        found = nodes.get(self.floor.db, self.id, path)
        assert found is not None, f"{path} has not started"
        return found

    def output(self, path: str) -> Any:
        return self.node(path).output

    def failure(self) -> tuple[str, str, str]:
        now = self.now
        return now.state, now.failure_code, now.failed_path


def start(floor: Floor, steps: list[Step], inputs: dict[str, Any] | None = None, **fields: Any) -> Flow:
    """Applied and started; nothing has worked on it yet."""
    slug = fields.pop("slug", "flow")
    apply(floor.db, steps, slug, **fields)
    return Flow(floor, starting.start(floor.db, floor.actor, slug, inputs or {}))


def run(floor: Floor, steps: list[Step], inputs: dict[str, Any] | None = None, **fields: Any) -> Flow:
    """Started, and worked on as far as nothing has to be waited for."""
    flow = start(floor, steps, inputs, **fields)
    floor.work()
    return flow
