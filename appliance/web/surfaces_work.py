"""One call of a tool: admitted, sent until somebody answers, relayed, booked."""

import asyncio
import logging

from appliance import clock
from appliance.calls import booking
from appliance.calls.asked import Admitted, Ended, Live, Refused
from appliance.calls.promises import Promise
from appliance.domain.route_steps import next_after
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.relayed import Answering, Sent, Unanswered
from appliance.gateway.surfaces.bodies import Seen
from appliance.gateway.surfaces.faults import Fault
from appliance.web import surfaces_words
from appliance.web.surfaces_asking import Asking, Tools
from appliance.web.surfaces_reply import Pairs, Reply
from appliance.web.surfaces_request import Request
from appliance.web.surfaces_watch import Stopped, Stream, Waiting

log = logging.getLogger("agenthq.web")
# Who stopped a call → whose doing that is in the ledger.
_STOPS = {"gone": "caller_gone", "budget": "policy_budget", "paused": "policy_stopped", "key": "policy_key"}
_STOPS |= {"box": "gateway_stopped"}


class Work:
    def __init__(self, tools: Tools, request: Request, reply: Reply) -> None:
        self._tools = tools
        self._request = request
        self._reply = reply
        self._sent: list[Sent] = []
        self._booked = False
        self._stopped = ""
        self._route = ""
        self._began = clock.monotonic()

    async def run(self) -> None:
        """Raises Unreadable, Refused and Problem before anything was sent."""
        seen: Seen = self._request.surface.read(self._request.body)
        admitting = self._tools.desk.admit(self._request.holder, self._request.asked(seen))
        admitted = await self._tools.waiting.on(admitting)
        self._reply.belongs_to(admitted.call_id)
        try:
            await self._carry_out(admitted, seen)
        finally:
            self._book(admitted)

    async def _carry_out(self, admitted: Admitted, seen: Seen) -> None:
        try:
            answer = await self._awaited(admitted, seen)
        except Unanswered as refused:
            self._book(admitted)
            await self._refuse(refused)
            return
        except Stopped as stopped:
            self._note(stopped)
            self._book(admitted)
            if stopped.fault:
                await self._reply.fault(stopped.fault)
            return
        if answer.streams:
            await self._stream(admitted, answer)
            return
        answer.close()
        # Booked before it is told, so that what this tool asks next is weighed against it.
        self._book(admitted)
        await self._reply.whole(answer.sent.status, answer.kind.encode(), answer.first, self._about(answer))

    async def _awaited(self, admitted: Admitted, seen: Seen) -> Answering:
        """Raises Unanswered, and Stopped where somebody stops it before there is an answer."""
        waiting = Waiting(Live(admitted.call_id, self._request.holder, admitted.targets[0].account.id))
        self._tools.watch.join(waiting)
        try:
            return await self._answered(admitted, seen)
        except asyncio.CancelledError:
            if stopped := waiting.cause():
                raise stopped from None
            raise
        finally:
            self._tools.watch.leave(waiting)

    async def _answered(self, admitted: Admitted, seen: Seen) -> Answering:
        """The first answer that somebody begins. Raises Unanswered."""
        asking = Asking(self._tools, self._request, seen)
        self._sent = asking.sent
        tried = [0]
        while True:
            target = admitted.targets[tried[-1]]
            try:
                answer = await asking.ask(target)
                self._route = asking.route
                return answer
            except Unanswered as refused:
                if asking.refuses_usage(target, refused.failure):
                    continue
                step = next_after(refused.failure, tried, admitted.targets)
                if step.act == "stop":
                    raise
            tried.append(tried[-1] if step.act == "again" else max(tried) + 1)
            await asyncio.sleep(step.pause_s)

    async def _stream(self, admitted: Admitted, answer: Answering) -> None:
        stream = Stream(Live(admitted.call_id, self._request.holder, answer.sent.account.id), answer, self._reply)
        leaving = asyncio.create_task(self._leaves(stream))
        self._tools.watch.join(stream)
        try:
            await self._reply.begin(answer.kind.encode(), self._about(answer))
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

    async def _relay(self, admitted: Admitted, answer: Answering, stream: Stream) -> Fault | None:
        """Pass on what comes until it ends; why it ended too early, for a reader who was not told yet."""
        sent, told = answer.sent, answer.sent.told
        held = _Held(self._tools, self._request.holder.tenant_id, admitted, sent)
        try:
            async for piece in answer.pieces():
                while told.output_bytes > held.room:
                    await held.grow()
                await stream.say(piece)
        except Stopped as stopped:
            self._note(stopped)
            return stopped.fault
        except ProviderFailure as failure:
            sent.failure = failure
            return None if told.error is not None else surfaces_words.of_failure(failure)
        return None

    def _note(self, stopped: Stopped) -> None:
        """What was sent goes on to cost, whoever does not wait for it."""
        self._stopped = (stopped.fault.reason or "box") if stopped.fault else "gone"
        if self._sent and self._sent[-1].failure is None:
            self._sent[-1].unread = True
            self._sent[-1].failure = ProviderFailure("cancelled", str(stopped), phase="mid_stream")

    def _about(self, answer: Answering) -> Pairs:
        told = {b"x-agenthq-lossy": ", ".join(answer.lossy), b"x-agenthq-route": self._route}
        return _upstream(answer.sent) + [
            (name, text.encode("latin-1", "replace")) for name, text in told.items() if text
        ]

    async def _leaves(self, stream: Stream) -> None:
        """Notes when the reader goes away."""
        while (await self._request.receive())["type"] != "http.disconnect":
            """What else a client says after its body has no meaning."""
        stream.left = clock.monotonic()

    async def _refuse(self, refused: Unanswered) -> None:
        failure = refused.failure
        about = _upstream(self._sent[-1]) if self._sent else []
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
            self._sent[-1].failure = ProviderFailure("cancelled", "The box was stopped.", phase="mid_stream")
        failure = booking.failed(self._sent)
        attempts = [booking.attempt(self._tools.prices, sent) for sent in self._sent]
        taken = int((clock.monotonic() - self._began) * 1000)
        code = failure.code if failure else ""
        ended = Ended(admitted.call_id, attempts, code, _STOPS.get(self._stopped, ""), duration_ms=taken)
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
        """Hold as much again, or what is left. Raises Stopped where that may not be, or nothing is left."""
        if self._admitted.strict:
            raise Stopped(Fault("budget", "The answer grew beyond the money that was held for it.", "budget"))
        more = max(self._nano, 1)
        try:
            more = await self._tools.waiting.on(self._tools.desk.extend(self._tenant_id, self._admitted.call_id, more))
        except Refused as refused:
            raise Stopped(surfaces_words.of_refusal(refused)) from refused
        self._nano += more
        self.room = self._length()

    def _length(self) -> int:
        sent = self._sent
        return booking.output_bytes(self._tools.prices, sent.account, sent.model, sent.input_bytes, self._nano)


def _upstream(sent: Sent) -> Pairs:
    return [(b"x-agenthq-upstream-request-id", sent.request_id.encode("latin-1"))] if sent.request_id else []


def _booked(done: "Promise[int]") -> None:
    if error := done.exception():
        log.error("a call could not be booked", exc_info=error)
