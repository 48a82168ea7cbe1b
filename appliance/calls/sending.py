"""The sendings of one call, and what each of them cost."""

from collections.abc import Callable
from threading import Event

import msgspec

from appliance import clock
from appliance.domain.ledger import Attempt
from appliance.gateway.failures import ProviderFailure, backoff_s
from appliance.gateway.prices import BYTES_PER_TOKEN, Price, PriceBook
from appliance.gateway.types import Account, ChatRequest, Reply, Usage

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
        model = reply.model or self._request.model
        usage, source = reply.usage, ""
        if usage is None:
            usage, source = self._guess(len(reply.content.encode())), "estimated"
        price = self._priced(model, usage, reply.tier)
        times = {"first_byte_ms": int(reply.first_byte_ms), "duration_ms": int(reply.duration_ms)}
        attempt = self._attempt(usage, price, started, source)
        if reply.reported_cost_nano is not None:
            attempt = msgspec.structs.replace(attempt, cost_nano=reply.reported_cost_nano, cost_source="reported")
        return msgspec.structs.replace(attempt, model_reported=reply.model, request_id=reply.request_id, **times)

    def _failed(self, failure: ProviderFailure, started: str, duration_ms: int) -> Attempt:
        """A refusal costs nothing; an answer that broke off costs what arrived of it."""
        about = {"failure_code": failure.code, "failure_detail": failure.message, "duration_ms": duration_ms}
        if failure.usage is None and failure.phase != "mid_stream":
            attempt = Attempt(
                self._account.id, self._request.model, cost_nano=0, cost_source="none", started_at=started
            )
        else:
            usage = failure.usage or self._guess(failure.output_bytes)
            attempt = self._attempt(usage, self._priced(self._request.model, usage, ""), started, "estimated")
        return msgspec.structs.replace(attempt, request_id=failure.request_id, **about)

    def _priced(self, model: str, usage: Usage, tier: str) -> Price:
        """By the model as reported, or as asked for where the report has no price (a dated or prefixed name)."""
        price = self._prices.price(self._account, model, usage, clock.now(), tier)
        if price.source == "unpriced" and model != self._request.model:
            price = self._prices.price(self._account, self._request.model, usage, clock.now(), tier)
        return price

    def _guess(self, output_bytes: int) -> Usage:
        sent = len(msgspec.json.encode((self._request.messages, self._request.tools)))
        return Usage(input_total=int(sent / BYTES_PER_TOKEN) + 1, output_total=int(output_bytes / BYTES_PER_TOKEN) + 1)

    def _attempt(self, usage: Usage, price: Price, started: str, source: str) -> Attempt:
        return Attempt(
            self._account.id,
            self._request.model,
            **msgspec.structs.asdict(usage),
            cost_nano=price.cost_nano,
            cost_source=source or price.source,
            matched_model=price.matched_model,
            price_version=price.price_version,
            imputed_nano=price.imputed_nano,
            input_nano_mtok=price.input_nano_per_mtok,
            output_nano_mtok=price.output_nano_per_mtok,
            cache_read_nano_mtok=price.cache_read_nano_per_mtok,
            started_at=started,
        )


def _stopped(pause: float, stopping: Event, cancelled: Callable[[], bool] | None) -> bool:
    """Pause between two tries; true as soon as somebody asks the work to stop."""
    if clock.passes(pause):
        return stopping.is_set()
    until = clock.monotonic() + pause
    while (left := until - clock.monotonic()) > 0 and not stopping.wait(min(left, LOOK_S)):
        if cancelled and cancelled():
            return True
    return False
