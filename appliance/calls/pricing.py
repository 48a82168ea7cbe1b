"""One sending as a row of the ledger: what it used, what it cost, and how sure that is."""

from datetime import datetime
from typing import Any

import msgspec

from appliance import clock
from appliance.domain.ledger import Attempt, Part, Portion
from appliance.gateway import usages
from appliance.gateway.prices import BYTES_PER_TOKEN, Price, PriceBook
from appliance.gateway.types import Account, Share, Usage


class Sent(msgspec.Struct, frozen=True):
    """What is known of one sending once it is over.

    `asked` is the model's name at the account, `model`, `usage`, `units` and `tier` are as reported. `refused`: it
    ended before anything of an answer came, which costs nothing; `broken`: what came is not all. The bytes are for an
    estimate.
    """

    account: Account
    asked: str
    started_at: str
    model: str = ""
    usage: Usage | None = None
    units: dict[str, int] = {}
    tier: str = ""
    reported_cost_nano: int | None = None
    sent_bytes: int = 0
    output_bytes: int = 0
    refused: bool = False
    broken: bool = False
    failure_code: str = ""
    failure_detail: str = ""
    request_id: str = ""
    status: int | None = None
    first_byte_ms: int | None = None
    duration_ms: int = 0


def attempt(book: PriceBook, sent: Sent) -> Attempt:
    """Priced at the time it was sent. Without a usage that can be true the tokens are estimated from the bytes.

    A cost the provider reported beats ours; both are kept. On an account with a flat fee or on this machine it is what
    the use would have cost.
    """
    row = Attempt(
        sent.account.id,
        sent.asked,
        model_reported=sent.model,
        request_id=sent.request_id,
        failure_code=sent.failure_code,
        failure_detail=sent.failure_detail,
        first_byte_ms=sent.first_byte_ms,
        duration_ms=sent.duration_ms,
        started_at=sent.started_at,
        status=sent.status,
        tier=sent.tier,
    )
    if sent.refused:
        return msgspec.structs.replace(row, cost_nano=0, cost_source="none")
    usage, guessed = _usage(sent)
    price = priced(book, sent.account, sent.asked, sent.model, usage, clock.parse(sent.started_at), sent.tier)
    filled = msgspec.structs.replace(row, **_tokens(usage), **figures(price))
    if guessed or sent.broken:
        note = " ".join(text for text in (guessed, price.note) if text)
        source = price.source if price.cost_nano is None else "estimated"
        filled = msgspec.structs.replace(filled, cost_source=source, note=note)
    return filled if sent.reported_cost_nano is None else _reported(filled, price, sent.reported_cost_nano)


def priced(
    book: PriceBook, account: Account, asked: str, model: str, usage: Usage, at: datetime, tier: str = ""
) -> Price:
    """By the model as reported, or as asked for where the report has no price (a dated or prefixed name)."""
    return book.price(account, model or asked, usage, at, tier, asked)


def _usage(sent: Sent) -> tuple[Usage, str]:
    """What was used, and why it is a guess."""
    usage = sent.usage
    why = "The provider reported no usage: tokens are estimated." if usage is None else ""
    if usage is not None:
        if sent.units:
            usage = msgspec.structs.replace(usage, units=usage.units | usages.units(sent.units))
        if fault := usages.fault(usage):
            why = f"The reported usage contradicts itself ({fault}): tokens are estimated."
    if usage is not None and not why:
        return usage, ""
    asked, answered = (int(size / BYTES_PER_TOKEN) + 1 for size in (sent.sent_bytes, sent.output_bytes))
    return Usage(input_total=asked, output_total=answered), why


def _tokens(usage: Usage) -> dict[str, Any]:
    shares = [Portion(share.model, *(getattr(share.usage, name) for name in usages.TOKENS)) for share in usage.shares]
    return {name: getattr(usage, name) for name in (*usages.TOKENS, "units")} | {"shares": shares}


def usage_of(row: Attempt) -> Usage:
    """The usage a row of the ledger was priced by."""
    shares = tuple(Share(one.model, _counts(one)) for one in row.shares)
    return msgspec.structs.replace(_counts(row), units=row.units, shares=shares)


def _counts(row: Attempt | Portion) -> Usage:
    return msgspec.convert({name: getattr(row, name) for name in usages.TOKENS}, Usage)


def figures(price: Price) -> dict[str, Any]:
    """The columns of an attempt that a price fills."""
    return {
        "cost_nano": price.cost_nano,
        "cost_source": price.source,
        "matched_model": price.matched_model,
        "price_version": price.price_version,
        "imputed_nano": price.imputed_nano,
        "computed_nano": price.cost_nano,
        "input_nano_mtok": price.input_nano_per_mtok,
        "output_nano_mtok": price.output_nano_per_mtok,
        "cache_read_nano_mtok": price.cache_read_nano_per_mtok,
        "cache_write_5m_nano_mtok": price.cache_write_5m_nano_per_mtok,
        "cache_write_1h_nano_mtok": price.cache_write_1h_nano_per_mtok,
        "lines": [Part(line.label, line.count, line.nano_each, line.cost_nano, line.per) for line in price.lines],
        "note": price.note,
    }


def _reported(row: Attempt, price: Price, nano: int) -> Attempt:
    if price.source in ("flat", "local"):
        return msgspec.structs.replace(row, reported_nano=nano, computed_nano=price.imputed_nano)
    return msgspec.structs.replace(
        row, cost_nano=nano, cost_source="reported", reported_nano=nano, computed_nano=price.cost_nano
    )
