"""Temporal: `temporal_jobs.py COUNT` carries out so many one-activity workflows on its own test server.

The server keeps everything in memory, the worker and the client share one process and its cache of workflows, and
nothing waits for a disk: the fastest that this server can be asked to be. A plain client, since the one that comes
with the server moves its clock whenever it waits for a result.
"""

import asyncio
import json
import sys
import time
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

SERVER = Path(sys.executable).with_name("temporal-test-server")
AT_ONCE = 50
WARM = 50


@activity.defn
async def nothing() -> None:
    pass


@workflow.defn
class OneActivity:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=60))


async def measure(count: int) -> float:
    """Seconds from the first start to the last result."""
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=str(SERVER)) as env:
        client = await Client.connect(env.client.service_client.config.target_host)
        async with Worker(
            client,
            task_queue="jobs",
            workflows=[OneActivity],
            activities=[nothing],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            places = asyncio.Semaphore(AT_ONCE)

            async def one(name: str) -> None:
                async with places:
                    await client.execute_workflow(OneActivity.run, id=name, task_queue="jobs")

            await asyncio.gather(*(one(f"warm-{n}") for n in range(WARM)))
            begin = time.perf_counter()
            await asyncio.gather(*(one(f"run-{n}") for n in range(count)))
            return time.perf_counter() - begin


Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
print(json.dumps({"seconds": asyncio.run(measure(int(sys.argv[1])))}))
