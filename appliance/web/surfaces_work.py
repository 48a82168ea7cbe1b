"""One call of a tool: admitted, sent until somebody answers, relayed, booked."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from appliance import clock
from appliance.calls import booking
from appliance.calls.asked import Admitted, Asked, Ended, Holder, Live, Refused, Target
from appliance.calls.desk import Desk
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.prices import PriceBook
from appliance.gateway.relay_next import next_after
from appliance.gateway.relayed import Letter, Sent, Unanswered
from appliance.gateway.surfaces.bodies import Seen
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.surface import SPOKEN
from appliance.web import surfaces_words
from appliance.web.surfaces_reply import Pairs, Reply
from appliance.web.surfaces_watch import Stopped, Stream, Watch

if TYPE_CHECKING:
    from appliance.gateway.relay import Answer, Relay

log = logging.getLogger("agenthq.web")
Receive = Callable[[], Awaitable[Any]]
_SESSIONS = (b"x-claude-code-session-id", b"session-id", b"session_id")
_CLAIMS = ("agent", "task", "run")
_OPTION = "stream_options"


class Tools(NamedTuple):
    """What every call of this process needs. `plain` are the accounts that refuse to be asked for a stream's usage."""

    desk: Desk
    relay: "Relay"
    prices: PriceBook
    watch: Watch
    plain: set[str]


class Request(NamedTuple):
    surface: ModuleType
    holder: Holder
    headers: list[tuple[bytes, bytes]]
    query: str
    body: bytes
    receive: Receive

    def asked(self, seen: Seen) -> Asked:
        given = {name: value.decode("latin-1")[:200] for name, value in self.headers}
        claims = {name: given.get(f"x-agenthq-{name}".encode(), "") for name in _CLAIMS}
        session = next((given[name] for name in _SESSIONS if given.get(name)), seen.session_id)
        return Asked(
            self.surface.PROTOCOL,
            seen.model,
            len(self.body),
            seen.stream,
            seen.output_cap,
            seen.needs,
            session_id=session,
            **claims,
        )


class Work:
    def __init__(self, tools: Tools, request: Request, reply: Reply) -> None:
        self._tools = tools
        self._request = request
        self._surface = request.surface
        self._reply = reply
        self._sent: list[Sent] = []
        self._booked = False

    async def run(self) -> None:
        """Raises Unreadable, Refused and Problem before anything was sent."""
        seen: Seen = self._surface.read(self._request.body)
        admitting = self._tools.desk.admit(self._request.holder, self._request.asked(seen))
        admitted = await asyncio.wrap_future(admitting)
        self._reply.request_id = admitted.call_id
        try:
            await self._carry_out(admitted, seen)
        finally:
            self._book(admitted)

    async def _carry_out(self, admitted: Admitted, seen: Seen) -> None:
        try:
            answer = await self._answered(admitted, seen)
        except Unanswered as refused:
            self._book(admitted)
            await self._refuse(refused)
            return
        if answer.streams:
            await self._stream(admitted, answer)
            return
        answer.close()
        # Booked before it is told, so that what this tool asks next is weighed against it.
        self._book(admitted)
        await self._reply.whole(answer.sent.status, answer.kind.encode(), answer.first, _about(answer.sent))

    async def _answered(self, admitted: Admitted, seen: Seen) -> "Answer":
        """The first answer that somebody begins. Raises Unanswered."""
        at = tries = 0
        while True:
            target = admitted.targets[at]
            try:
                return await self._ask(target, seen)
            except Unanswered as refused:
                failure = refused.failure
                if seen.wants_usage and _OPTION in failure.message and target.account.id not in self._tools.plain:
                    self._tools.plain.add(target.account.id)
                    continue
                tries += 1
                move = next_after(failure, at, tries, len(admitted.targets), admitted.call_id)
                if move is None:
                    raise
            if move.target != at:
                at, tries = move.target, 0
            await asyncio.sleep(move.wait_s)

    async def _ask(self, target: Target, seen: Seen) -> "Answer":
        account, request = target.account, self._request
        usage = account.id not in self._tools.plain
        meter = self._surface.Meter(seen.wants_usage and usage)
        sent = Sent(account, target.model, len(request.body), clock.iso(), meter.told)
        self._sent.append(sent)
        if self._surface.PROTOCOL not in SPOKEN[account.kind]:
            return await self._translated(sent)
        body = self._surface.fitted(request.body, seen, target.model, usage)
        letter = Letter(self._surface.PATH, request.query, request.headers, body)
        return await self._tools.relay.ask(sent, letter, meter)

    async def _translated(self, sent: Sent) -> "Answer":
        """The account speaks another protocol than the tool."""
        said = f"{sent.model} is on an account of the kind {sent.account.kind}, which does not take this kind of call."
        sent.failure = ProviderFailure("provider_rejected", said, phase="connect")
        raise Unanswered(sent.failure)

    async def _stream(self, admitted: Admitted, answer: "Answer") -> None:
        stream = Stream(Live(admitted.call_id, self._request.holder, answer.sent.account.id), answer, self._reply)
        leaving = asyncio.create_task(self._leaves(stream))
        self._tools.watch.join(stream)
        try:
            await self._reply.begin(answer.kind.encode(), _about(answer.sent))
            await stream.say(answer.first)
            fault = await self._relay(admitted, answer, stream)
        finally:
            self._tools.watch.leave(stream)
            leaving.cancel()
            answer.close()
        self._book(admitted)
        if fault and stream.left is None:
            await self._reply.break_off(fault, answer.sent.told)
        await self._reply.end()

    async def _relay(self, admitted: Admitted, answer: "Answer", stream: Stream) -> Fault | None:
        """Pass on what comes until it ends; why it ended too early, for a reader who was not told yet."""
        sent, told = answer.sent, answer.sent.told
        held = _Held(self._tools, self._request.holder.tenant_id, admitted, sent)
        try:
            async for piece in answer.pieces():
                if told.output_bytes > held.room:
                    await held.grow()
                await stream.say(piece)
        except Stopped as stopped:
            sent.unread = True
            if stopped.fault:
                sent.failure = ProviderFailure("cancelled", stopped.fault.message, phase="mid_stream")
            return stopped.fault
        except ProviderFailure as failure:
            sent.failure = failure
            return None if told.error is not None else surfaces_words.of_failure(failure)
        return None

    async def _leaves(self, stream: Stream) -> None:
        """Notes when the reader goes away."""
        while (await self._request.receive())["type"] != "http.disconnect":
            """What else a client says after its body has no meaning."""
        stream.left = clock.monotonic()

    async def _refuse(self, refused: Unanswered) -> None:
        failure = refused.failure
        about = _about(self._sent[-1]) if self._sent else []
        if failure.status and surfaces_words.passes(failure.status, refused.body):
            again = Fault("rate", "", retry_after_s=failure.retry_after).headers() if failure.retry_after else []
            await self._reply.whole(failure.status, refused.kind.encode(), refused.body, about + again)
        else:
            await self._reply.fault(surfaces_words.of_failure(failure), about)

    def _book(self, admitted: Admitted) -> None:
        """Once, however the call ends."""
        if self._booked:
            return
        self._booked = True
        if self._sent and not self._sent[-1].told.finished and self._sent[-1].failure is None:
            # The server stops in the middle of it.
            self._sent[-1].failure = ProviderFailure("cancelled", phase="mid_stream")
        failure = booking.failed(self._sent)
        ended = Ended(
            admitted.call_id,
            [booking.attempt(self._tools.prices, sent) for sent in self._sent],
            failure.code if failure else "",
            surfaces_words.error_type(failure),
            self._sent[-1].first_byte_ms if self._sent else None,
        )
        self._tools.desk.settle(self._request.holder.tenant_id, ended).add_done_callback(_booked)


class _Held:
    """How much longer an answer may become with the money that is held for it."""

    def __init__(self, tools: Tools, tenant_id: str, admitted: Admitted, sent: Sent) -> None:
        self._tools = tools
        self._tenant_id = tenant_id
        self._admitted = admitted
        self._sent = sent
        self._nano = admitted.reserved_nano
        self.room = self._length()

    async def grow(self) -> None:
        """Hold as much again. Raises Stopped where that may not be, or there is no room for it."""
        if self._admitted.strict:
            raise Stopped(Fault("budget", "The answer grew beyond the money that was held for it.", "budget"))
        more = max(self._nano, 1)
        try:
            await asyncio.wrap_future(self._tools.desk.extend(self._tenant_id, self._admitted.call_id, more))
        except Refused as refused:
            raise Stopped(surfaces_words.of_refusal(refused)) from refused
        self._nano += more
        self.room = self._length()

    def _length(self) -> int:
        sent = self._sent
        return booking.output_bytes(self._tools.prices, sent.account, sent.model, sent.input_bytes, self._nano)


def _about(sent: Sent) -> Pairs:
    return [(b"x-agenthq-upstream-request-id", sent.request_id.encode("latin-1"))] if sent.request_id else []


def _booked(done: "Future[int]") -> None:
    if error := done.exception():
        log.error("a call could not be booked", exc_info=error)
