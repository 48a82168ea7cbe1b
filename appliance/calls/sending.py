"""The sendings of one call, and what each of them cost."""

from collections.abc import Callable
from threading import Event
from typing import Any

import msgspec

from appliance import clock
from appliance.calls import pricing
from appliance.calls.pricing import Sent
from appliance.domain.ledger import Attempt
from appliance.gateway.failures import ProviderFailure, backoff_s
from appliance.gateway.prices import PriceBook
from appliance.gateway.types import Account, ChatRequest, Reply

TRIES = 3
LONGEST_PAUSE_S = 2.0
LOOK_S = 0.25
Send = Callable[[ChatRequest], Reply]


class Sending:
    """The tries of one call: again after short pauses while nothing of an answer has arrived."""

    def __init__(self, account: Account, request: ChatRequest, prices: PriceBook, send: Send, earlier: int) -> None:
        self._account = account
        self._request = request
        self._prices = prices
        self._send = send
        self._earlier = earlier
        self.attempts: list[Attempt] = []

    def until_answered(
        self, call_id: str, stopping: Event, cancelled: Callable[[], bool] | None = None
    ) -> tuple[Reply | None, ProviderFailure | None]:
        while True:
            n = self._earlier + len(self.attempts) + 1
            reply, failure = self._once(n)
            if failure is None:
                return reply, None
            pause = backoff_s(failure.code, n, call_id, failure.retry_after)
            early = failure.phase in ("connect", "before_first_byte")
            if not (failure.row.retryable and early and pause <= LONGEST_PAUSE_S and len(self.attempts) < TRIES):
                return None, failure
            if _stopped(pause, stopping, cancelled):
                return None, ProviderFailure("cancelled", phase="connect")

    def _once(self, n: int) -> tuple[Reply | None, ProviderFailure | None]:
        started, began = clock.iso(), clock.monotonic()
        try:
            reply = self._send(msgspec.structs.replace(self._request, attempt=n))
        except ProviderFailure as failure:
            self.attempts.append(self._failed(failure, started, int((clock.monotonic() - began) * 1000)))
            return None, failure
        self.attempts.append(self._answered(reply, started))
        return reply, None

    def _answered(self, reply: Reply, started: str) -> Attempt:
        return self._attempt(
            started,
            model=reply.model,
            usage=reply.usage,
            tier=reply.tier,
            reported_cost_nano=reply.reported_cost_nano,
            output_bytes=len(reply.content.encode()),
            request_id=reply.request_id,
            status=200,
            first_byte_ms=int(reply.first_byte_ms),
            duration_ms=int(reply.duration_ms),
        )

    def _failed(self, failure: ProviderFailure, started: str, duration_ms: int) -> Attempt:
        """A refusal costs nothing; an answer that broke off costs what arrived of it."""
        return self._attempt(
            started,
            usage=failure.usage,
            output_bytes=failure.output_bytes,
            refused=failure.usage is None and failure.phase != "mid_stream",
            broken=True,
            failure_code=failure.code,
            failure_detail=failure.message,
            request_id=failure.request_id,
            status=failure.status,
            duration_ms=duration_ms,
        )

    def _attempt(self, started: str, **known: Any) -> Attempt:
        size = len(msgspec.json.encode((self._request.messages, self._request.tools)))
        sent = Sent(self._account, self._request.model, started, sent_bytes=size, **known)
        return pricing.attempt(self._prices, sent)


def _stopped(pause: float, stopping: Event, cancelled: Callable[[], bool] | None) -> bool:
    """Pause between two tries; true as soon as somebody asks the work to stop."""
    if clock.passes(pause):
        return stopping.is_set()
    until = clock.monotonic() + pause
    while (left := until - clock.monotonic()) > 0 and not stopping.wait(min(left, LOOK_S)):
        if cancelled and cancelled():
            return True
    return False
