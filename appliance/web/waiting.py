"""The long poll on a task: answers when the task ends or the time is over, woken by the event log."""

import asyncio

from litestar.concurrency import sync_to_thread

from appliance.domain import tasks
from appliance.domain.events import Event
from appliance.domain.tasks import Task
from appliance.web.access import Ask, asker_of, services_of

MOST_SECONDS = 60


async def until_ended(request: Ask, ref: str, seconds: float) -> Task:
    """Raises Problem(not_found) at once when there is no such task."""
    task = await sync_to_thread(_load, request, ref)
    if not task.open or seconds <= 0:
        return task
    channel = request.app.state.live.channel(asker_of(request).tenant.id)
    queue = channel.join(await channel.last())
    try:
        async with asyncio.timeout(seconds):
            return await _follow(request, task.id, queue)
    except TimeoutError:
        return await sync_to_thread(_load, request, task.id)
    finally:
        channel.leave(queue)


async def _follow(request: Ask, task_id: str, queue: "asyncio.Queue[Event | None]") -> Task:
    # Looked at after joining, so that an end between the first look and the join is not missed.
    task = await sync_to_thread(_load, request, task_id)
    while task.open:
        event = await queue.get()
        if event is None:
            break
        if event.task_id == task_id and event.kind.startswith("task."):
            task = await sync_to_thread(_load, request, task_id)
    return task


def _load(request: Ask, ref: str) -> Task:
    with services_of(request).catalogue.open(asker_of(request).tenant.id) as db:
        return tasks.get(db, ref)
