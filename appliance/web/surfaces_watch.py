"""What happens to calls while nothing comes: a sign of life, the end of those that must stop or nobody reads."""

import asyncio
from collections.abc import Awaitable, Callable

from appliance import clock
from appliance.calls.asked import Live, Refused
from appliance.errors import Problem
from appliance.gateway.relayed import Answering
from appliance.gateway.surfaces.faults import Fault
from appliance.web import surfaces_words
from appliance.web.surfaces_reply import Reply

LOOK_S = 0.4
SILENCE_S = 15.0
# Its usage comes at the end: what a tool gave up is paid for all the same.
READ_ON_S = 20.0
GRACE_S = 3.5
CLOSE_S = 2.0
_STOPPING = Fault("overloaded", "The box is stopping. Send it again in a moment.")
Halted = Callable[[tuple[Live, ...]], Awaitable[dict[str, Refused]]]


class Stopped(Exception):
    """A stream ends here; `fault` is what its reader is told, None when there is no reader any more."""

    def __init__(self, fault: Fault | None) -> None:
        super().__init__(fault.message if fault else "The reader has left.")
        self.fault = fault


class Stream:
    """One answer under way to its reader."""

    def __init__(self, live: Live, answer: Answering, reply: Reply) -> None:
        self.live = live
        self.answer = answer
        self._reply = reply
        self._said = clock.monotonic()
        self._saying = False
        self.left: float | None = None

    async def say(self, piece: bytes) -> None:
        """Nothing is said to a reader who has left."""
        if self.left is not None:
            return
        self._saying = True
        await self._reply.piece(piece)
        self._saying, self._said = False, clock.monotonic()

    def break_off(self, cause: Stopped) -> None:
        self.answer.break_off(cause)

    async def look(self, now: float) -> None:
        if self.left is not None and now - self.left > READ_ON_S:
            self.answer.break_off(Stopped(None))
        elif self.left is None and not self._saying and now - self._said >= SILENCE_S:
            self._said = now
            await self._reply.ping()


class Waiting:
    """A request that nobody has answered yet: its task is cancelled, and told why by `stopped`."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.stopped: Stopped | None = None
        self._task = asyncio.current_task()
        self._cancelled = self._task.cancelling() if self._task else 0

    def break_off(self, cause: Stopped) -> None:
        if self._task and self.stopped is None:
            self.stopped = cause
            self._task.cancel()

    def cause(self) -> Stopped | None:
        """Why it was cancelled, when that was here and nobody else has cancelled it: it goes on after this."""
        if self._task and self.stopped and self._task.uncancel() <= self._cancelled:
            return self.stopped
        return None

    async def look(self, now: float) -> None:
        """A whole answer may take its time."""


UnderWay = Stream | Waiting


class Watch:
    """Looks after all calls of this process, twice a second while there are any."""

    def __init__(self, halted: Halted) -> None:
        self._halted = halted
        self._calls: dict[str, UnderWay] = {}
        self._task: asyncio.Task[None] | None = None
        self._closing: float | None = None

    def join(self, call: UnderWay) -> None:
        self._calls[call.live.call_id] = call
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def leave(self, call: UnderWay) -> None:
        self._calls.pop(call.live.call_id, None)

    def end(self) -> None:
        """The box stops: what has not ended by itself in a few seconds is told so."""
        self._closing = clock.monotonic()

    async def close(self) -> None:
        """Every call has ended, and is booked, when this is over."""
        until = clock.monotonic() + CLOSE_S
        self._end_all(_STOPPING)
        while self._calls and clock.monotonic() < until:
            await asyncio.sleep(0.01)
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        while self._calls:
            await asyncio.sleep(LOOK_S)
            if self._calls:
                await self._look()

    async def _look(self) -> None:
        now = clock.monotonic()
        if self._closing is not None and now - self._closing > GRACE_S:
            self._end_all(_STOPPING)
        for call in tuple(self._calls.values()):
            await call.look(now)
        await self._stop_halted()

    async def _stop_halted(self) -> None:
        try:
            halted = await self._halted(tuple(call.live for call in self._calls.values()))
        except Problem:
            # The database is busy; the next look is near.
            return
        for call_id, refused in halted.items():
            if call := self._calls.get(call_id):
                call.break_off(Stopped(surfaces_words.of_refusal(refused)))

    def _end_all(self, fault: Fault) -> None:
        for call in self._calls.values():
            call.break_off(Stopped(fault))
