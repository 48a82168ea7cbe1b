"""Names, duplicates, sizes, and what can be asked about a run."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.client import WorkflowQueryFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from tests.semantics.temporal.stage import Stage, scenario

ASK = timedelta(seconds=3)


@workflow.defn
class Answers:
    def __init__(self) -> None:
        self.free = False

    @workflow.signal
    def go(self) -> None:
        self.free = True

    @workflow.query
    def how(self) -> str:
        return "free" if self.free else "waiting"

    @workflow.run
    async def run(self, waits: bool) -> str:
        await workflow.wait_condition(lambda: self.free or not waits)
        return "done"


@scenario
async def started_twice(stage: Stage) -> str:
    await stage.start(Answers.run, True, id="one")
    try:
        await stage.start(Answers.run, True, id="one")
    except WorkflowAlreadyStartedError:
        return "refused while one is open"
    return "two runs"


@scenario
async def started_again_after_its_end(stage: Stage) -> str:
    async with stage.worker(Answers):
        await (await stage.start(Answers.run, False, id="one")).result()
        try:
            await stage.start(Answers.run, False, id="one")
        except WorkflowAlreadyStartedError:
            return "refused until a person takes it up again"
    return "a new run"


@scenario
async def same_request_twice(stage: Stage) -> str:
    given: dict[str, Any] = {"id": "one", "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING}
    first, second = await stage.start(Answers.run, True, **given), await stage.start(Answers.run, True, **given)
    same = first.first_execution_run_id == second.first_execution_run_id
    return "the first one is the answer" if same else "two runs"


@scenario
async def started_while_nobody_works(stage: Stage) -> str:
    handle = await stage.start(Answers.run, False)
    await asyncio.sleep(0.3)
    async with stage.worker(Answers):
        await handle.result()
    return "kept, and starts when a worker comes"


@scenario
async def asked_after_its_end(stage: Stage) -> str:
    async with stage.worker(Answers):
        handle = await stage.start(Answers.run, False)
        await handle.result()
        return "answered" if await handle.query(Answers.how) == "waiting" else "refused"


@scenario
async def asked_while_nobody_works(stage: Stage) -> str:
    async with stage.worker(Answers):
        handle = await stage.start(Answers.run, True)
        await asyncio.sleep(0.3)
    try:
        await handle.query(Answers.how, rpc_timeout=ASK)
    except (RPCError, WorkflowQueryFailedError):
        return "no answer without a worker that has the code"
    return "answered"


@workflow.defn
class Empty:
    @workflow.run
    async def run(self) -> None:
        pass


@scenario
async def end_without_a_result(stage: Stage) -> str:
    await stage.carry_out(Empty.run, kind=Empty)
    return "succeeded"
