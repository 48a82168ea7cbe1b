"""Failures and dead workers. A worker that dies in an activity is one that never answers: the server's clock tells."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from tests.semantics.temporal.stage import SHORT, Stage, scenario

ONE_TRY = RetryPolicy(maximum_attempts=1)
TRIED_ON = 7


@workflow.defn
class TwoSteps:
    @workflow.run
    async def run(self, tries: int) -> Any:
        policy = RetryPolicy(maximum_attempts=tries, initial_interval=timedelta(milliseconds=50), backoff_coefficient=1)
        await workflow.execute_activity("first", start_to_close_timeout=SHORT, retry_policy=policy)
        return await workflow.execute_activity("second", start_to_close_timeout=SHORT, retry_policy=policy)


class Steps:
    """Two activities; in the first `deaths` tries of the second, the effect happens and the worker dies."""

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths
        self.first = 0
        self.second = 0

    def activities(self) -> list[Any]:
        @activity.defn(name="first")
        async def first() -> None:
            self.first += 1

        @activity.defn(name="second")
        async def second() -> int:
            self.second += 1
            if self.second <= self.deaths:
                await asyncio.Event().wait()
            return activity.info().attempt

        return [first, second]


async def _play(stage: Stage, deaths: int, tries: int = 0) -> tuple[Steps, Any]:
    steps = Steps(deaths)
    result = await stage.carry_out(TwoSteps.run, tries, kind=TwoSteps, activities=steps.activities())
    return steps, result


def _times(count: int) -> str:
    return {1: "done once", 2: "done twice"}.get(count, f"done {count} times")


@scenario
async def number_of_the_attempt(stage: Stage) -> str:
    return f"attempt {(await _play(stage, 1))[1]}"


@scenario
async def recorded_step(stage: Stage) -> str:
    return _times((await _play(stage, 1))[0].first)


@scenario
async def unrecorded_step(stage: Stage) -> str:
    return _times((await _play(stage, 1))[0].second)


@scenario
async def effect_in_own_database(stage: Stage) -> str:
    """The activity's database is not the server's: its commit and the record are two."""
    return _times((await _play(stage, 1))[0].second)


@scenario
async def effect_at_most_once(stage: Stage) -> str:
    steps = Steps(1)
    try:
        await stage.carry_out(TwoSteps.run, 1, kind=TwoSteps, activities=steps.activities())
    except WorkflowFailureError:
        return f"{_times(steps.second)}, then the run fails"
    return _times(steps.second)


@scenario
async def dies_at_the_same_step(stage: Stage) -> str:
    steps = Steps(1000)
    async with stage.worker(TwoSteps, activities=steps.activities()):
        handle = await stage.start(TwoSteps.run, 0)
        return await _goes_on(stage, handle, steps)


async def _goes_on(stage: Stage, handle: WorkflowHandle[Any, Any], steps: Steps) -> str:
    await stage.until(lambda: _reached(steps, TRIED_ON), 30)
    described = await handle.describe()
    await handle.terminate()
    return "tried again without end" if described.status == WorkflowExecutionStatus.RUNNING else "given up"


async def _reached(steps: Steps, count: int) -> bool:
    return steps.second >= count


@workflow.defn
class OneStep:
    @workflow.run
    async def run(self, pause_ms: int = 1000) -> Any:
        policy = RetryPolicy(initial_interval=timedelta(milliseconds=pause_ms))
        return await workflow.execute_activity("step", start_to_close_timeout=SHORT, retry_policy=policy)


def _failing(times: int, **details: Any) -> tuple[list[Any], list[float]]:
    """An activity that fails the first times, and the moments at which its attempts began."""
    due: list[float] = []

    @activity.defn(name="step")
    async def step() -> int:
        due.append(activity.info().started_time.timestamp())
        if len(due) <= times:
            raise ApplicationError("no", **details)
        return activity.info().attempt

    return [step], due


@scenario
async def error_that_goes_away(stage: Stage) -> str:
    activities, _ = _failing(2)
    tries = await stage.carry_out(OneStep.run, kind=OneStep, activities=activities)
    return f"the same run succeeds at try {tries}"


@scenario
async def error_that_stays(stage: Stage) -> str:
    activities, due = _failing(1000)
    async with stage.worker(OneStep, activities=activities):
        handle = await stage.start(OneStep.run, 10)
        await stage.until(lambda: _count(due, TRIED_ON), 30)
        described = await handle.describe()
        await handle.terminate()
    return "tried again without end" if described.status == WorkflowExecutionStatus.RUNNING else "given up"


async def _count(due: list[float], wanted: int) -> bool:
    return len(due) >= wanted


@scenario
async def error_that_no_retry_helps(stage: Stage) -> str:
    activities, due = _failing(1000, non_retryable=True)
    try:
        await stage.carry_out(OneStep.run, kind=OneStep, activities=activities)
    except WorkflowFailureError:
        return f"fails after {len(due)} try"
    return "succeeds"


@scenario
async def pauses_between_tries(stage: Stage) -> str:
    activities, due = _failing(3)
    await stage.carry_out(OneStep.run, kind=OneStep, activities=activities)
    pauses = [after - before for before, after in zip(due, due[1:], strict=False)]
    return "each longer than the one before" if 0 < pauses[0] < pauses[1] < pauses[2] else str(pauses)


@scenario
async def pause_the_other_side_asks_for(stage: Stage) -> str:
    activities, due = _failing(1, next_retry_delay=timedelta(seconds=7))
    await stage.carry_out(OneStep.run, kind=OneStep, activities=activities)
    return f"after {due[1] - due[0]:.0f} s"


@workflow.defn
class FailsOnce:
    @workflow.run
    async def run(self) -> int:
        await workflow.execute_activity("first", start_to_close_timeout=SHORT)
        if workflow.info().attempt == 1:
            raise ApplicationError("no")
        return workflow.info().attempt


@scenario
async def retry_of_a_failed_run(stage: Stage) -> str:
    steps = Steps(0)
    policy = RetryPolicy(maximum_attempts=2)
    async with stage.worker(FailsOnce, activities=steps.activities()):
        handle = await stage.start(FailsOnce.run, retry_policy=policy)
        attempt = await handle.result()
        last = await stage.client.get_workflow_handle(handle.id).describe()
    new = "a new run" if last.run_id != handle.first_execution_run_id else "the same run"
    return f"{new}, attempt {attempt}, its first step is done again" if steps.first == 2 else "goes on where it was"


@workflow.defn
class Counting:
    @workflow.run
    async def run(self) -> int:
        return await workflow.execute_activity(
            "count", start_to_close_timeout=timedelta(seconds=30), heartbeat_timeout=SHORT
        )


@scenario
async def progress_inside_a_step(stage: Stage) -> str:
    starts: list[int] = []

    @activity.defn(name="count")
    async def count() -> int:
        details = list(activity.info().heartbeat_details)
        starts.append(int(details[0]) if details else 0)
        activity.heartbeat(3)
        if len(starts) == 1:
            await asyncio.Event().wait()
        return 1

    await stage.carry_out(Counting.run, kind=Counting, activities=[count])
    return "goes on from the last heartbeat" if starts[1] == 3 else "begins the step anew"


@scenario
async def worker_that_goes_silent(stage: Stage) -> str:
    tries: list[int] = []

    @activity.defn(name="count")
    async def count() -> int:
        tries.append(activity.info().attempt)
        if len(tries) == 1:
            await asyncio.Event().wait()
        return 1

    await stage.carry_out(Counting.run, kind=Counting, activities=[count])
    return "another takes over" if len(tries) == 2 else "nobody notices"


@scenario
async def answer_of_a_worker_thought_dead(stage: Stage) -> str:
    tokens: list[bytes] = []

    @activity.defn(name="step")
    async def step() -> int:
        tokens.append(activity.info().task_token)
        if len(tokens) == 1:
            activity.raise_complete_async()
        return 1

    await stage.carry_out(OneStep.run, kind=OneStep, activities=[step])
    try:
        await stage.client.get_async_activity_handle(task_token=tokens[0]).complete(2)
    except RPCError:
        return "refused"
    return "taken"
