"""What each sending of a relayed call cost, for the ledger, and how long an answer the money held for it pays."""

import msgspec

from appliance import clock
from appliance.calls import pricing
from appliance.domain.ledger import Attempt
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.prices import BYTES_PER_TOKEN, PriceBook
from appliance.gateway.relayed import Sent
from appliance.gateway.types import Account, Usage

ENDLESS = 1 << 60
# What is said with any other failure may quote the prompt or the answer, and those are stored nowhere.
_OF_THE_ACCOUNT = frozenset(
    {
        "provider_auth",
        "provider_payment",
        "provider_address_refused",
        "provider_rate_limited",
        "provider_overloaded",
        "provider_timeout",
        "provider_unreachable",
        "stream_cut",
        "cancelled",
    }
)
MTOK = 1_000_000


def attempt(prices: PriceBook, sent: Sent) -> Attempt:
    """A refusal costs nothing; what broke off, or told no usage, costs what arrived of it."""
    told, failure = sent.told, sent.failure
    known = pricing.Sent(
        sent.account,
        sent.model,
        sent.started_at,
        model=told.model,
        usage=_used(sent),
        tier=told.tier,
        reported_cost_nano=told.reported_cost_nano,
        sent_bytes=sent.input_bytes,
        output_bytes=told.output_bytes,
        refused=failure is not None and failure.phase != "mid_stream" and told.usage is None,
        broken=failure is not None or sent.unread,
        failure_code=failure.code if failure else "",
        failure_detail=failure.message if failure and failure.code in _OF_THE_ACCOUNT else "",
        request_id=sent.request_id or told.answer_id,
        status=sent.status or None,
        first_byte_ms=sent.first_byte_ms,
        duration_ms=sent.duration_ms,
    )
    return pricing.attempt(prices, known)


def output_bytes(prices: PriceBook, account: Account, model: str, input_bytes: int, nano: int) -> int:
    """How long an answer `nano` nano-dollars pay for; without end where output costs nothing."""
    asked = Usage(input_total=int(input_bytes / BYTES_PER_TOKEN) + 1)
    price = prices.price(account, model, asked, clock.now())
    if not price.cost_nano or not price.output_nano_per_mtok:
        return ENDLESS
    return int(max(0, nano - price.cost_nano) * MTOK / price.output_nano_per_mtok * BYTES_PER_TOKEN)


def _used(sent: Sent) -> Usage | None:
    """What a stream told at its beginning counts none of the output that came before it broke off."""
    usage = sent.told.usage
    if usage is None or sent.told.finished:
        return usage
    came = int(sent.told.output_bytes / BYTES_PER_TOKEN)
    return msgspec.structs.replace(usage, output_total=max(usage.output_total, came))


def failed(sent: list[Sent]) -> ProviderFailure | None:
    """Why the call has no whole answer; None when its last sending brought one."""
    return sent[-1].failure if sent else ProviderFailure("gateway_defect", "Nothing was sent.")
