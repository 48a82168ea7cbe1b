"""Stopping: by a request the code hears of, by force, and by a time limit."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError

from tests.semantics.temporal.stage import LONG, Stage, scenario

NAMES = {
    WorkflowExecutionStatus.CANCELED: "cancelled",
    WorkflowExecutionStatus.COMPLETED: "succeeded",
    WorkflowExecutionStatus.TERMINATED: "cancelled",
    WorkflowExecutionStatus.TIMED_OUT: "timed out",
}


class Trace:
    """What the code of a workflow got to do; kept outside, so that it shows whether that code ran at all."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def activities(self) -> list[Any]:
        @activity.defn(name="note")
        async def note(line: str) -> None:
            self.lines.append(line)

        return [note]


async def _note(line: str) -> None:
    await workflow.execute_activity("note", line, start_to_close_timeout=LONG)


@workflow.defn
class CleansUp:
    @workflow.run
    async def run(self) -> None:
        await _note("begun")
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await _note("cleaned up")
            raise


async def _ended(stage: Stage, handle: WorkflowHandle[Any, Any]) -> str:
    with suppress(WorkflowFailureError):
        await handle.result()
    status = (await handle.describe()).status
    assert status
    return NAMES[status]


def _cleaned(state: str, trace: Trace) -> str:
    return f"{state}, after its clean-up" if "cleaned up" in trace.lines else f"{state}, no code of it runs any more"


async def _begun(trace: Trace) -> bool:
    return "begun" in trace.lines


@scenario
async def cancel_while_it_waits(stage: Stage) -> str:
    trace = Trace()
    async with stage.worker(CleansUp, activities=trace.activities()):
        handle = await stage.start(CleansUp.run)
        await stage.until(lambda: _begun(trace))
        await handle.cancel()
        return _cleaned(await _ended(stage, handle), trace)


@scenario
async def stop_by_force(stage: Stage) -> str:
    trace = Trace()
    async with stage.worker(CleansUp, activities=trace.activities()):
        handle = await stage.start(CleansUp.run)
        await stage.until(lambda: _begun(trace))
        await handle.terminate()
        return _cleaned(await _ended(stage, handle), trace)


@scenario
async def time_limit_of_a_run(stage: Stage) -> str:
    trace = Trace()
    async with stage.worker(CleansUp, activities=trace.activities()):
        handle = await stage.start(CleansUp.run, execution_timeout=timedelta(minutes=5))
        return _cleaned(await _ended(stage, handle), trace)


@scenario
async def cancel_before_the_start(stage: Stage) -> str:
    trace = Trace()
    handle = await stage.start(CleansUp.run)
    await handle.cancel()
    async with stage.worker(CleansUp, activities=trace.activities()):
        state = await _ended(stage, handle)
        begun = any(e.HasField("workflow_task_completed_event_attributes") for e in await stage.events(handle))
    return f"{state}, its code is begun" if begun else f"{state}, its code never runs"


@workflow.defn
class LongStep:
    """`shielded` lets the step come to its end before the cancel is heard."""

    @workflow.run
    async def run(self, shielded: bool) -> str:
        step = workflow.start_activity("slow", start_to_close_timeout=LONG)
        if shielded:
            await asyncio.shield(asyncio.wait([step]))
        return str(await step)


@workflow.defn
class ShieldedStep:
    @workflow.run
    async def run(self) -> str:
        step = asyncio.create_task(self._step())
        try:
            await asyncio.shield(step)
        except asyncio.CancelledError:
            await step
            raise
        return "done"

    async def _step(self) -> str:
        return str(await workflow.execute_activity("slow", start_to_close_timeout=LONG))


class Slow:
    """An activity that runs until it is let go."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.free = asyncio.Event()

    def activities(self) -> list[Any]:
        @activity.defn(name="slow")
        async def slow() -> str:
            self.begun.set()
            await self.free.wait()
            return "done"

        return [slow]


async def _cancelled_in_step(stage: Stage, kind: type, *args: Any) -> str:
    slow = Slow()
    async with stage.worker(kind, activities=slow.activities()):
        handle = await stage.start(kind.run, *args)  # type: ignore[attr-defined]
        await slow.begun.wait()
        await handle.cancel()
        await asyncio.sleep(0.3)
        status = (await handle.describe()).status
        at_once = status != WorkflowExecutionStatus.RUNNING
        slow.free.set()
        state = await _ended(stage, handle)
        recorded = any(e.HasField("activity_task_completed_event_attributes") for e in await stage.events(handle))
    if at_once:
        return f"{state} at once, the step's answer is dropped"
    return f"the step is {'recorded' if recorded else 'dropped'}, then {state}"


@scenario
async def cancel_during_a_step(stage: Stage) -> str:
    return await _cancelled_in_step(stage, LongStep, False)


@scenario
async def cancel_with_a_shielded_step(stage: Stage) -> str:
    return await _cancelled_in_step(stage, ShieldedStep)


@workflow.defn
class Refuses:
    @workflow.run
    async def run(self) -> str:
        await _note("begun")
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await _note("goes on")
        return "done"


@scenario
async def cancel_that_the_code_refuses(stage: Stage) -> str:
    trace = Trace()
    async with stage.worker(Refuses, activities=trace.activities()):
        handle = await stage.start(Refuses.run)
        await stage.until(lambda: _begun(trace))
        await handle.cancel()
        return await _ended(stage, handle)


@scenario
async def cancel_twice(stage: Stage) -> str:
    trace = Trace()
    async with stage.worker(CleansUp, activities=trace.activities()):
        handle = await stage.start(CleansUp.run)
        await stage.until(lambda: _begun(trace))
        await handle.cancel()
        await handle.cancel()
        await _ended(stage, handle)
        ends = [e for e in await stage.events(handle) if e.HasField("workflow_execution_canceled_event_attributes")]
    return "cancelled once" if len(ends) == 1 else f"cancelled {len(ends)} times"


@workflow.defn
class Nothing:
    @workflow.run
    async def run(self) -> str:
        return "done"


@scenario
async def cancel_of_a_finished_run(stage: Stage) -> str:
    async with stage.worker(Nothing):
        handle = await stage.start(Nothing.run)
        await handle.result()
        with suppress(RPCError):
            await handle.cancel()
        return f"it stays as it ended: {await _ended(stage, handle)}"
