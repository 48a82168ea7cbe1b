"""Server-sent events from a tenant's event log (WHATWG HTML §9.2). One reader per tenant serves all its streams."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from litestar import Controller, get
from litestar.concurrency import sync_to_thread
from litestar.params import FromQuery
from litestar.response import Stream

from appliance.db.database import Row
from appliance.db.tenants import Catalogue
from appliance.domain import events
from appliance.domain.events import Event
from appliance.errors import Problem
from appliance.web.access import Ask, asker_of, recheck

RETRY = b"retry: 2000\n\n"
PING = b": ping\n\n"
PING_SECONDS = 15.0
# Another process may write to the same files: nothing tells us but the table.
POLL_SECONDS = 1.0
BEHIND = 5000
BATCH = 500
STREAMS = 500
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Channel:
    """The streams of one tenant. Reads new events once and hands them to every stream."""

    def __init__(self, catalogue: Catalogue, tenant_id: str) -> None:
        self._catalogue = catalogue
        self._tenant_id = tenant_id
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.streams: set[asyncio.Queue[Event | None]] = set()

    def wake(self) -> None:
        self._wake.set()

    def join(self, at: int) -> asyncio.Queue[Event | None]:
        queue: asyncio.Queue[Event | None] = asyncio.Queue(BEHIND)
        self.streams.add(queue)
        if self._task is None:
            self._task = asyncio.create_task(self._pump(at))
        return queue

    def leave(self, queue: asyncio.Queue[Event | None]) -> None:
        self.streams.discard(queue)
        if not self.streams and self._task:
            self._task.cancel()
            self._task = None

    def end(self) -> None:
        """Tell every stream to finish."""
        for queue in self.streams:
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None)

    async def since(self, seq: int, limit: int = BATCH) -> list[Event]:
        return await sync_to_thread(self._read, seq, limit)

    async def last(self) -> int:
        return await sync_to_thread(self._last)

    def _read(self, seq: int, limit: int) -> list[Event]:
        with self._catalogue.open(self._tenant_id) as db:
            return events.since(db, seq, limit)

    def _last(self) -> int:
        with self._catalogue.open(self._tenant_id) as db:
            return events.last(db)

    async def _pump(self, seq: int) -> None:
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                """Look anyway."""
            self._wake.clear()
            try:
                found = await self.since(seq)
            except Problem:
                # The database is busy or away for a moment; the next look is a second ahead.
                continue
            for event in found:
                seq = event.seq
                self._hand_out(event)
            if len(found) == BATCH:
                self._wake.set()

    def _hand_out(self, event: Event) -> None:
        for queue in self.streams:
            if queue.full():
                # A reader this slow starts again from what it gets next, after a gap.
                while not queue.empty():
                    queue.get_nowait()
            queue.put_nowait(event)


class Hub:
    """All live streams of this process. `end` must be called before the server waits for its connections to close."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._channels: dict[str, Channel] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = False
        catalogue.subscribe(self._hear)

    @property
    def streams(self) -> int:
        return sum(len(channel.streams) for channel in self._channels.values())

    def channel(self, tenant_id: str) -> Channel:
        """Raises Problem(unavailable) when there are too many streams, or the server is stopping."""
        self._loop = asyncio.get_running_loop()
        if self._ended or self.streams >= STREAMS:
            raise Problem("unavailable", f"All {STREAMS} live streams of this server are in use.", retry_after=5)
        if tenant_id not in self._channels:
            self._channels[tenant_id] = Channel(self._catalogue, tenant_id)
        return self._channels[tenant_id]

    def end(self) -> None:
        """From any thread: finish every stream and take no new one."""
        self._ended = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)

    def _end_all(self) -> None:
        for channel in self._channels.values():
            channel.end()

    def _hear(self, name: str, _: list[Row]) -> None:
        if name and name not in self._channels:
            return
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, name)

    def _wake(self, name: str) -> None:
        # Without a name some may have been missed: every channel looks.
        for channel in [self._channels[name]] if name else self._channels.values():
            channel.wake()


async def stream(request: Ask, channel: Channel, after: int | None) -> AsyncIterator[bytes]:
    """First what was missed since `after`, then what happens; ends when the asker may no longer ask."""
    last = await channel.last()
    queue = channel.join(last)
    try:
        yield RETRY
        seq = last if after is None else after
        if seq > last or last - seq > BEHIND:
            yield gap(last)
            seq = last
        while missed := await channel.since(seq):
            for event in missed:
                yield line(event)
            seq = missed[-1].seq
        async for text in _follow(request, queue, seq):
            yield text
    finally:
        channel.leave(queue)


async def _follow(request: Ask, queue: asyncio.Queue[Event | None], seq: int) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(PING_SECONDS):
                event = await queue.get()
        except TimeoutError:
            if not await sync_to_thread(recheck, request):
                return
            yield PING
            continue
        if event is None:
            return
        if event.seq > seq + 1:
            yield gap(event.seq)
        if event.seq > seq:
            seq = event.seq
            yield line(event)


def line(event: Event) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (event.seq, msgspec.json.encode(event))


def gap(seq: int) -> bytes:
    """The reader has missed events and must look at everything again; it is up to date from `seq` on."""
    return b"id: %d\nevent: gap\ndata: {}\n\n" % seq


def resume_point(request: Ask, after: int | None) -> int | None:
    """`Last-Event-ID` of a reconnecting browser, else `?after=`. Anything that is no number is a gap."""
    text = request.headers.get("last-event-id")
    if text is None:
        return after
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -BEHIND - 1


class EventsApi(Controller):
    path = "/events"
    tags = ["events"]

    @get("/stream", opt={"packed": True}, summary="Live events", media_type="text/event-stream")
    async def follow(self, request: Ask, after: FromQuery[int | None] = None) -> Stream:
        """Server-sent events. Resume with `Last-Event-ID`; after a `gap` event read everything again."""
        hub: Hub = request.app.state.live
        channel = hub.channel(asker_of(request).tenant.id)
        content = stream(request, channel, resume_point(request, after))
        return Stream(content, media_type="text/event-stream", headers=HEADERS)


API = [EventsApi]
