"""Parents and children; the test server leaves out what becomes of a child when its parent ends."""

import asyncio

from temporalio import activity, workflow

from tests.semantics.temporal.stage import LONG, Stage, scenario

CHILD = "child"


@workflow.defn
class Child:
    @workflow.run
    async def run(self) -> str:
        return "made"


@workflow.defn
class Splits:
    """Starts three children, one after the other, with a step in between at which the worker dies once."""

    @workflow.run
    async def run(self) -> None:
        children = []
        for n in range(3):
            children.append(await workflow.start_child_workflow(Child.run, id=f"{CHILD}-{n}"))
            await workflow.execute_activity("between", start_to_close_timeout=LONG)
        await asyncio.gather(*children)


@scenario
async def children_after_a_kill(stage: Stage) -> str:
    let_go = asyncio.Event()
    calls: list[int] = []

    @activity.defn(name="between")
    async def between() -> None:
        calls.append(1)
        if len(calls) == 2:
            await let_go.wait()

    async with stage.worker(Splits, Child, activities=[between]):
        handle = await stage.start(Splits.run)
        await stage.until(lambda: _reached(calls, 2))
        let_go.set()
    async with stage.worker(Splits, Child, activities=[between]):
        await handle.result()
        started = [
            e for e in await stage.events(handle) if e.HasField("child_workflow_execution_started_event_attributes")
        ]
    return f"{len(started)} children in all"


async def _reached(calls: list[int], count: int) -> bool:
    return len(calls) >= count
