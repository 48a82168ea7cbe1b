"""Signals and timers."""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.service import RPCError

from tests.semantics.temporal.stage import Stage, scenario


@workflow.defn
class Listens:
    """Takes one signal after the other, each within `seconds`; None for each that did not come."""

    def __init__(self) -> None:
        self.queue: list[Any] = []

    @workflow.signal
    def go(self, payload: Any) -> None:
        self.queue.append(payload)

    @workflow.signal
    def other(self, payload: Any) -> None:
        """Nobody waits for this one."""

    @workflow.run
    async def run(self, count: int, seconds: float = 60) -> list[Any]:
        return [await self._next(seconds) for _ in range(count)]

    async def _next(self, seconds: float) -> Any:
        try:
            await workflow.wait_condition(lambda: bool(self.queue), timeout=seconds)
        except TimeoutError:
            return None
        return self.queue.pop(0)


@scenario
async def signal_before_the_wait(stage: Stage) -> str:
    handle = await stage.start(Listens.run, 1)
    await handle.signal(Listens.go, "early")
    async with stage.worker(Listens):
        return "taken by the wait" if await handle.result() == ["early"] else "lost"


@scenario
async def same_signal_twice(stage: Stage) -> str:
    """The client has no name for a signal: each call is another one."""
    handle = await stage.start(Listens.run, 2)
    for _ in range(2):
        await handle.signal(Listens.go, "click")
    async with stage.worker(Listens):
        return {1: "taken once", 2: "taken twice"}[(await handle.result()).count("click")]


@scenario
async def signals_in_order(stage: Stage) -> str:
    handle = await stage.start(Listens.run, 3)
    for n in range(3):
        await handle.signal(Listens.go, n)
    async with stage.worker(Listens):
        return "in the order they were sent" if await handle.result() == [0, 1, 2] else "in another order"


@scenario
async def signal_while_nobody_works(stage: Stage) -> str:
    async with stage.worker(Listens):
        handle = await stage.start(Listens.run, 1)
        await asyncio.sleep(0.2)
    await handle.signal(Listens.go, "kept")
    async with stage.worker(Listens):
        return "taken when a worker is back" if await handle.result() == ["kept"] else "lost"


@scenario
async def signal_that_does_not_come(stage: Stage) -> str:
    found = await stage.carry_out(Listens.run, 1, 60.0, kind=Listens)
    return "the wait ends without one" if found == [None] else str(found)


@scenario
async def signal_after_its_wait(stage: Stage) -> str:
    async with stage.worker(Listens):
        handle = await stage.start(Listens.run, 2, 60.0)
        await stage.env.sleep(90)
        await handle.signal(Listens.go, "late")
        return "taken by the next wait" if await handle.result() == [None, "late"] else "lost"


@scenario
async def signal_before_the_time_limit(stage: Stage) -> str:
    async with stage.worker(Listens):
        handle = await stage.start(Listens.run, 1, 3600.0)
        await handle.signal(Listens.go, "soon")
        await stage.until(lambda: stage.ended(handle))
        return "goes on at once" if await handle.result() == ["soon"] else "waits for the time limit"


@scenario
async def signal_nobody_waits_for(stage: Stage) -> str:
    async with stage.worker(Listens):
        handle = await stage.start(Listens.run, 1, 60.0)
        await handle.signal(Listens.other, "unused")
        await handle.signal(Listens.go, "used")
        return "the run ends all the same" if await handle.result() == ["used"] else "the run waits"


@scenario
async def signal_to_a_finished_run(stage: Stage) -> str:
    handle = await stage.start(Listens.run, 0)
    async with stage.worker(Listens):
        await handle.result()
    try:
        await handle.signal(Listens.go, "late")
    except RPCError:
        return "refused"
    return "taken"


@workflow.defn
class Sleeps:
    @workflow.run
    async def run(self, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return workflow.now().timestamp()


@scenario
async def timers_in_order(stage: Stage) -> str:
    late = await stage.start(Sleeps.run, 20)
    soon = await stage.start(Sleeps.run, 10)
    async with stage.worker(Sleeps):
        return "in the order they come due" if await soon.result() < await late.result() else "in another order"


@scenario
async def timer_over_while_down(stage: Stage) -> str:
    async with stage.worker(Sleeps):
        handle = await stage.start(Sleeps.run, 2)
        await asyncio.sleep(0.2)
    await asyncio.sleep(2)
    async with stage.worker(Sleeps):
        await stage.until(lambda: stage.ended(handle), 1.5)
    return "goes on at the start"


@scenario
async def timer_after_a_crash(stage: Stage) -> str:
    handle = await stage.start(Sleeps.run, 60)
    begun = (await stage.env.get_current_time()).timestamp()
    async with stage.worker(Sleeps):
        await asyncio.sleep(0.2)
    await stage.env.sleep(30)
    async with stage.worker(Sleeps):
        slept = await handle.result() - begun
    return "ends when it would have" if abs(slept - 60) < 5 else f"ends after {slept:.0f} s"
