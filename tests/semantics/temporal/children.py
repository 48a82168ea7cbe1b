"""Parents and children."""

import asyncio
from typing import Any

from temporalio import activity, workflow
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, ChildWorkflowError
from temporalio.workflow import ParentClosePolicy

from tests.semantics.temporal.stage import LONG, Stage, scenario

CHILD = "child"
POLICIES = {
    "default": None,
    "cancel": ParentClosePolicy.REQUEST_CANCEL,
    "abandon": ParentClosePolicy.ABANDON,
}
NAMES = {
    WorkflowExecutionStatus.RUNNING: "the child goes on",
    WorkflowExecutionStatus.CANCELED: "the child is cancelled",
    WorkflowExecutionStatus.TERMINATED: "the child is stopped",
    WorkflowExecutionStatus.COMPLETED: "the child is done",
}


@workflow.defn
class Child:
    @workflow.run
    async def run(self, what: str) -> str:
        if what == "sleep":
            await asyncio.sleep(3600)
        if what == "fail":
            raise ApplicationError("it broke")
        return "made"


@workflow.defn
class Parent:
    """Starts a child and ends, or waits for it or for longer than it, as it is told."""

    @workflow.run
    async def run(self, what: str, policy: str, waits: bool) -> str:
        kept = POLICIES[policy]
        given: dict[str, Any] = {"parent_close_policy": kept} if kept else {}
        child = await workflow.start_child_workflow(Child.run, what, id=CHILD, **given)
        if not waits:
            return "done"
        try:
            return f"it gets: {await child}"
        except ChildWorkflowError:
            return "it is told, and goes on"


async def _after_the_parent(stage: Stage, policy: str, cancel: bool = False) -> str:
    """What becomes of the child once its parent has ended."""
    async with stage.worker(Parent, Child):
        parent = await stage.start(Parent.run, "sleep", policy, cancel)
        child = stage.client.get_workflow_handle(CHILD)
        if cancel:
            await stage.until(lambda: stage.started(CHILD))
            await parent.terminate()
        await stage.until(lambda: stage.ended(parent))
        await asyncio.sleep(0.3)
        status = (await child.describe()).status
    assert status
    return NAMES[status]


@scenario
async def parent_done_before_its_child(stage: Stage) -> str:
    return f"the parent is done, {await _after_the_parent(stage, 'default')}"


@scenario
async def child_of_a_stopped_parent(stage: Stage) -> str:
    return await _after_the_parent(stage, "default", cancel=True)


@scenario
async def child_that_is_cancelled_with_its_parent(stage: Stage) -> str:
    return await _after_the_parent(stage, "cancel", cancel=True)


@scenario
async def child_that_outlives_its_parent(stage: Stage) -> str:
    return await _after_the_parent(stage, "abandon", cancel=True)


@scenario
async def result_of_a_child(stage: Stage) -> str:
    async with stage.worker(Parent, Child):
        return str(await (await stage.start(Parent.run, "work", "default", True)).result())


@scenario
async def failure_of_a_child(stage: Stage) -> str:
    async with stage.worker(Parent, Child):
        try:
            return str(await (await stage.start(Parent.run, "fail", "default", True)).result())
        except WorkflowFailureError:
            return "it fails with the child"


@workflow.defn
class Splits:
    """Starts three children, one after the other, with a step in between at which the worker dies once."""

    @workflow.run
    async def run(self) -> None:
        children = []
        for n in range(3):
            children.append(await workflow.start_child_workflow(Child.run, "work", id=f"{CHILD}-{n}"))
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
