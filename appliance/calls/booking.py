"""What each sending of a relayed call cost, for the ledger."""

from datetime import datetime
from typing import Any

import msgspec

from appliance import clock
from appliance.domain.ledger import Attempt
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.prices import BYTES_PER_TOKEN, Price, PriceBook
from appliance.gateway.relayed import Sent
from appliance.gateway.types import Account, Usage

PROBE_TOKENS = 1000


def attempt(prices: PriceBook, sent: Sent) -> Attempt:
    """A refusal costs nothing; what broke off, or told no usage, costs what arrived of it."""
    told, failure = sent.told, sent.failure
    about: dict[str, Any] = {
        "model_reported": told.model,
        "request_id": sent.request_id or told.answer_id,
        "failure_code": failure.code if failure else "",
        "failure_detail": failure.message if failure else "",
        "first_byte_ms": sent.first_byte_ms,
        "duration_ms": sent.duration_ms,
    }
    if told.usage is None and failure and failure.phase != "mid_stream":
        return Attempt(
            sent.account.id, sent.model, cost_nano=0, cost_source="none", started_at=sent.started_at, **about
        )
    usage = told.usage or _guess(sent)
    price = _priced(prices, sent, usage, clock.now())
    guessed = told.usage is None or failure is not None or sent.unread
    return _attempt(sent, usage, price, "estimated" if guessed and price.cost_nano is not None else "", about)


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


def _guess(sent: Sent) -> Usage:
    return Usage(input_total=_tokens(sent.input_bytes), output_total=_tokens(sent.told.output_bytes))


def _tokens(length: int) -> int:
    return int(length / BYTES_PER_TOKEN) + 1


def _priced(prices: PriceBook, sent: Sent, usage: Usage, at: datetime) -> Price:
    """By the model as reported, or as asked for where the report has no price (a dated or prefixed name)."""
    reported = sent.told.model or sent.model
    price = prices.price(sent.account, reported, usage, at, sent.told.tier)
    if price.source == "unpriced" and reported != sent.model:
        price = prices.price(sent.account, sent.model, usage, at, sent.told.tier)
    return price


def _attempt(sent: Sent, usage: Usage, price: Price, source: str, about: dict[str, Any]) -> Attempt:
    reported = sent.told.reported_cost_nano
    cost = price.cost_nano if reported is None else reported
    return msgspec.convert(
        {
            **msgspec.structs.asdict(usage),
            **about,
            "provider_id": sent.account.id,
            "model_requested": sent.model,
            "cost_nano": cost,
            "cost_source": source or price.source if reported is None else "reported",
            "matched_model": price.matched_model,
            "price_version": price.price_version,
            "imputed_nano": price.imputed_nano,
            "input_nano_mtok": price.input_nano_per_mtok,
            "output_nano_mtok": price.output_nano_per_mtok,
            "cache_read_nano_mtok": price.cache_read_nano_per_mtok,
            "started_at": sent.started_at,
        },
        Attempt,
    )


def failed(sent: list[Sent]) -> ProviderFailure | None:
    """Why the call has no whole answer; None when its last sending brought one."""
    return sent[-1].failure if sent else ProviderFailure("gateway_defect", "Nothing was sent.")
