"""Ada leads Ben and Cleo: what the tests of handing work on share."""

from contextlib import suppress
from typing import Any

from appliance.db.database import Row
from appliance.domain import (
    claims,
    event_lists,
    tasks,
    wake_rows,
)
from appliance.domain.agent_forms import DEFAULT_TOOLS, LEADING_TOOLS
from appliance.domain.tasks import Task
from tests.engine.floor import Dead, Floor, tool

WAIT = tool("task.wait")


def delegate(to: str, title: str, *script: str, **more: Any) -> str:
    return tool("task.delegate", to=to, title=title, body="\n".join(script), **more)


def staffed(floor: Floor) -> Floor:
    """Ada leads Ben and Cleo."""
    lead = [*DEFAULT_TOOLS, *LEADING_TOOLS]
    floor.change_agent(tools=lead)
    floor.agent("ben", manager="ada", tools=lead)
    floor.agent("cleo", manager="ada")
    floor.agent("zed")
    return floor


def after_a_death(floor: Floor, steps: int) -> None:
    """A worker dies once so many steps are committed, whosever run that is; others go on, and take its run over."""
    left = [steps]

    def hear(tenant: str, told: list[Row]) -> None:
        left[0] -= sum(event["kind"] == "step.done" for event in told)
        if left[0] <= 0 < left[0] + 100:
            left[0] = -1000
            raise Dead

    floor.world.catalogue.subscribe(hear)
    for _ in range(50):
        with suppress(Dead):
            floor.new_pump("mortal").serve(floor.tenant.id)
    claims.release(floor.db, "lease_owner = 'mortal'", {})
    floor.work()


def waits(floor: Floor, task: Task) -> int:
    """How often its run waited for sub-tasks."""
    told = event_lists.of_run(floor.db, task.id, floor.run(task).id)
    return sum(event.kind == "run.waiting" and event.data["reason"] == "child" for event in told)


def children(floor: Floor, task: Task) -> list[Task]:
    return tasks.children(floor.db, task.id)


def child_ends(floor: Floor, task: Task) -> list[tuple[str, str]]:
    return [(w.state, w.detail) for w in wake_rows.of_task(floor.db, task.id) if w.reason == "child_ended"]
