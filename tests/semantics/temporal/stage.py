"""Temporal's own test server on loopback, a client, and workers that come and go: one of each for a scenario."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

SERVER = Path(sys.executable).with_name("temporal-test-server")
QUEUE = "semantics"
SHORT = timedelta(seconds=1)
LONG = timedelta(hours=1)
Scenario = Callable[["Stage"], Awaitable[str]]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    """What Temporal does in the row of this name, as the canonical outcome."""
    SCENARIOS[function.__name__] = function
    return function


class Stage:
    def __init__(self, env: WorkflowEnvironment) -> None:
        self.env = env
        self.client: Client = env.client
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def worker(self, *workflows: type, activities: list[Any] | None = None) -> AsyncIterator[None]:
        """Nothing of a workflow is kept in memory between two of its tasks, so each one is a replay."""
        worker = Worker(
            self.client,
            task_queue=QUEUE,
            workflows=workflows,
            activities=activities or [],
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_cached_workflows=0,
            debug_mode=True,
            graceful_shutdown_timeout=timedelta(0),
        )
        async with worker:
            yield

    async def start(self, workflow: Any, *args: Any, **options: Any) -> WorkflowHandle[Any, Any]:
        given = {"id": f"run-{next(self._numbers)}", "task_queue": QUEUE} | options
        return await self.client.start_workflow(workflow, args=list(args), **given)

    async def carry_out(self, workflow: Any, *args: Any, activities: list[Any] | None = None, **options: Any) -> Any:
        """The result of one run with one worker."""
        kind = options.pop("kind", None)
        async with self.worker(*([kind] if kind else [workflow]), activities=activities):
            return await (await self.start(workflow, *args, **options)).result()

    async def until(self, wanted: Callable[[], Awaitable[Any]], seconds: float = 10) -> Any:
        """The first true answer; time in the server stands still meanwhile."""
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            if answer := await wanted():
                return answer
            await asyncio.sleep(0.02)
        raise AssertionError(f"not within {seconds} s")

    async def ended(self, handle: WorkflowHandle[Any, Any]) -> bool:
        return (await handle.describe()).status != WorkflowExecutionStatus.RUNNING

    async def started(self, name: str) -> bool:
        try:
            return bool(await self.client.get_workflow_handle(name).describe())
        except RPCError:
            return False

    async def events(self, handle: WorkflowHandle[Any, Any]) -> list[Any]:
        return [event async for event in handle.fetch_history_events()]


def quiet() -> None:
    """The SDK's core tells of every worker that went away; here they all do."""
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))


async def play(act: Scenario) -> str:
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=str(SERVER)) as env:
        return await act(Stage(env))
