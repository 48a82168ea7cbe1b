"""What each sending of a relayed call cost, for the ledger."""

import msgspec

from appliance import clock
from appliance.calls import pricing
from appliance.domain.ledger import Attempt
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.prices import BYTES_PER_TOKEN, PriceBook
from appliance.gateway.relayed import Sent
from appliance.gateway.types import Account, Usage

PROBE_TOKENS = 1000


def attempt(prices: PriceBook, sent: Sent) -> Attempt:
    """A refusal costs nothing; what broke off, or told no usage, costs what arrived of it."""
    told, failure = sent.told, sent.failure
    over = pricing.Sent(
        sent.account,
        sent.model,
        sent.started_at,
        model=told.model,
        usage=told.usage,
        units=told.units,
        tier=told.tier,
        reported_cost_nano=told.reported_cost_nano,
        sent_bytes=sent.input_bytes,
        output_bytes=told.output_bytes,
        refused=told.usage is None and failure is not None and failure.phase != "mid_stream",
        broken=failure is not None or sent.unread,
        failure_code=failure.code if failure else "",
        failure_detail=failure.message if failure else "",
        request_id=sent.request_id or told.answer_id,
        status=sent.status or None,
        first_byte_ms=sent.first_byte_ms,
        duration_ms=sent.duration_ms,
    )
    return pricing.attempt(prices, over)


def output_bytes(prices: PriceBook, account: Account, model: str, input_bytes: int, nano: int) -> int:
    """How long an answer `nano` nano-dollars pay for; without end where output costs nothing."""
    sent = Usage(input_total=_tokens(input_bytes))
    now = clock.now()
    base = prices.price(account, model, sent, now).cost_nano
    more = prices.price(account, model, msgspec.structs.replace(sent, output_total=PROBE_TOKENS), now).cost_nano
    if base is None or more is None or more <= base:
        return 1 << 60
    return int(max(0, nano - base) * PROBE_TOKENS / (more - base) * BYTES_PER_TOKEN)


def cost_of_output(prices: PriceBook, account: Account, model: str, input_bytes: int, length: int) -> int:
    """Nano-dollars for an answer of this length, the question included; 0 where no price is known."""
    usage = Usage(input_total=_tokens(input_bytes), output_total=_tokens(length))
    return prices.price(account, model, usage, clock.now()).cost_nano or 0


def _tokens(length: int) -> int:
    return int(length / BYTES_PER_TOKEN) + 1


def failed(sent: list[Sent]) -> ProviderFailure | None:
    """Why the call has no whole answer; None when its last sending brought one."""
    return sent[-1].failure if sent else ProviderFailure("gateway_defect", "Nothing was sent.")
