"""The code of a workflow when it is run again from its log: unchanged, and changed meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from temporalio import activity, workflow
from temporalio.client import WorkflowHandle

from tests.semantics.temporal.stage import LONG, Stage, scenario

Code = Callable[[Callable[[], Awaitable[None]]], Awaitable[Any]]
NAME = "Piece"
STUCK = "its task fails again and again until the code fits"


async def _step(name: str, given: Any = None) -> Any:
    return await workflow.execute_activity("step", args=[name, given], start_to_close_timeout=LONG)


@workflow.defn(name=NAME)
class Piece:
    """A workflow whose code is what was deployed last; it is given a wait that ends with the signal."""

    code: ClassVar[Code]

    def __init__(self) -> None:
        self.free = False

    @workflow.signal
    def go(self) -> None:
        self.free = True

    @workflow.run
    async def run(self) -> Any:
        return await Piece.code(lambda: workflow.wait_condition(lambda: self.free))


@workflow.defn
class Other:
    @workflow.run
    async def run(self) -> None:
        pass


def _paused(code: Code) -> type:
    Piece.code = staticmethod(code)  # type: ignore[assignment]
    return Piece


class Log:
    def __init__(self) -> None:
        self.steps: list[str] = []

    def activities(self) -> list[Any]:
        @activity.defn(name="step")
        async def step(name: str, given: Any) -> str:
            self.steps.append(name)
            return name if given is None else f"{name} of {given}"

        return [step]


async def _deploy(stage: Stage, before: Any, after: Any) -> tuple[Log, WorkflowHandle[Any, Any], bool]:
    """Run `before` up to its wait, then go on with `after`; whether the run ended in time."""
    log = Log()
    async with stage.worker(_paused(before), activities=log.activities()):
        handle = await stage.start(NAME)
        await stage.until(lambda: _made(log))
        await asyncio.sleep(0.3)
    await handle.signal("go")
    async with stage.worker(_paused(after), activities=log.activities()):
        try:
            await stage.until(lambda: stage.ended(handle), 3)
        except AssertionError:
            return log, handle, False
    return log, handle, True


async def _made(log: Log) -> bool:
    return bool(log.steps)


async def _told(stage: Stage, before: Any, after: Any) -> str:
    log, handle, ended = await _deploy(stage, before, after)
    if not ended:
        failed = [e for e in await stage.events(handle) if e.HasField("workflow_task_failed_event_attributes")]
        assert failed
        return STUCK
    return f"goes on: {', '.join(log.steps)}"


async def _one(wait: Any) -> Any:
    await _step("a", 1)
    await wait()
    return "done"


@scenario
async def step_put_before_a_recorded_one(stage: Stage) -> str:
    async def inserted(wait: Any) -> Any:
        await workflow.execute_activity("other", start_to_close_timeout=LONG)
        return await _one(wait)

    return await _told(stage, _one, inserted)


@scenario
async def step_added_at_the_end(stage: Stage) -> str:
    async def added(wait: Any) -> Any:
        await _one(wait)
        return await _step("b")

    return await _told(stage, _one, added)


@scenario
async def step_taken_away(stage: Stage) -> str:
    async def shorter(wait: Any) -> Any:
        await wait()
        return await _step("b")

    return await _told(stage, _one, shorter)


@scenario
async def step_with_another_input(stage: Stage) -> str:
    async def other(wait: Any) -> Any:
        got = await _step("a", 2)
        await wait()
        return got

    log, handle, ended = await _deploy(stage, _one, other)
    return f"goes on with the recorded answer: {await handle.result()}" if ended else STUCK


@scenario
async def clock_outside_a_step(stage: Stage) -> str:
    """By the workflow's own clock; the Python clock is refused by the sandbox of the SDK."""
    seen: list[Any] = []

    async def reads(wait: Any) -> Any:
        seen.append(workflow.now())
        await _one(wait)

    await _deploy(stage, reads, reads)
    return "the same time again" if len(set(seen)) == 1 and len(seen) > 1 else "another time"


@scenario
async def effect_outside_a_step(stage: Stage) -> str:
    seen: list[int] = []

    async def prints(wait: Any) -> Any:
        seen.append(1)
        await _one(wait)

    await _deploy(stage, prints, prints)
    return "done again at each replay" if len(seen) > 1 else "done once"


@scenario
async def defect_in_the_code(stage: Stage) -> str:
    tries: list[int] = []

    async def broken(wait: Any) -> Any:
        tries.append(1)
        raise KeyError("defect")

    async with stage.worker(_paused(broken)):
        handle = await stage.start(NAME)
        await asyncio.sleep(3)
        assert not await stage.ended(handle)
        assert len(tries) > 1
    async with stage.worker(_paused(_fixed)):
        await stage.until(lambda: stage.ended(handle), 15)
    return "tried again without end; mended code goes on by itself"


async def _fixed(wait: Any) -> Any:
    return "done"


@scenario
async def code_nobody_knows(stage: Stage) -> str:
    async with stage.worker(Other):
        handle = await stage.start(NAME)
        await asyncio.sleep(1)
        assert not await stage.ended(handle)
    async with stage.worker(_paused(_fixed)):
        await stage.until(lambda: stage.ended(handle), 15)
    return "tried again without end; code that knows it goes on by itself"


@scenario
async def definition_changed_meanwhile(stage: Stage) -> str:
    """Unless the workflow is pinned to its deployment, or patched."""

    async def old(wait: Any) -> Any:
        await _one(wait)
        return "old"

    async def new(wait: Any) -> Any:
        await _one(wait)
        return "new"

    _, handle, ended = await _deploy(stage, old, new)
    assert ended
    return f"an open run goes on with the {await handle.result()} one"


@scenario
async def two_steps_at_once(stage: Stage) -> str:
    lines: list[str] = []
    both = asyncio.Event()

    @activity.defn(name="step")
    async def step(name: str, given: Any) -> None:
        lines.append(name)
        if len(lines) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 5)

    async def pair(wait: Any) -> Any:
        await asyncio.gather(_step("a"), _step("b"))

    async with stage.worker(_paused(pair), activities=[step]):
        await (await stage.start(NAME)).result()
    return "at the same time"
