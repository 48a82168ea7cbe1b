"""The long poll on a task or an instance: answers when it ends or the time is over, woken by the event log."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from litestar.concurrency import sync_to_thread

from appliance.db.database import Database
from appliance.domain import tasks
from appliance.domain.events import Event
from appliance.domain.instances import rows
from appliance.domain.instances.rows import Instance
from appliance.domain.tasks import Task
from appliance.web.access import Ask, asker_of, services_of

MOST_SECONDS = 60


class Ending(Protocol):
    @property
    def open(self) -> bool: ...


T = TypeVar("T", bound=Ending)


async def until_ended(request: Ask, ref: str, seconds: float) -> Task:
    """Raises Problem(not_found) at once when there is no such task."""
    return await _until(request, seconds, lambda db: tasks.get(db, ref), lambda task: task.id, "task.")


async def until_over(request: Ask, ref: str, seconds: float) -> Instance:
    """Raises Problem(not_found) at once when there is no such instance."""
    return await _until(request, seconds, lambda db: rows.get(db, ref), lambda one: one.task_id, "instance.")


async def _until(
    request: Ask, seconds: float, load: Callable[[Database], T], task_id: Callable[[T], str], kind: str
) -> T:
    found = await sync_to_thread(_load, request, load)
    if not found.open or seconds <= 0:
        return found
    channel = request.app.state.live.channel(asker_of(request).tenant.id)
    queue = channel.join(await channel.last())
    try:
        async with asyncio.timeout(seconds):
            return await _follow(request, load, task_id(found), kind, queue)
    except TimeoutError:
        return await sync_to_thread(_load, request, load)
    finally:
        channel.leave(queue)


async def _follow(
    request: Ask, load: Callable[[Database], T], task_id: str, kind: str, queue: "asyncio.Queue[Event | None]"
) -> T:
    # Looked at after joining, so that an end between the first look and the join is not missed.
    found = await sync_to_thread(_load, request, load)
    while found.open:
        event = await queue.get()
        if event is None:
            break
        if event.task_id == task_id and event.kind.startswith(kind):
            found = await sync_to_thread(_load, request, load)
    return found


def _load(request: Ask, load: Callable[[Database], T]) -> T:
    with services_of(request).catalogue.open(asker_of(request).tenant.id) as db:
        return load(db)
