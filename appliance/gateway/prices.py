"""What a call costs, in whole nano-dollars: the first of these that knows the model, at the time of the call.

The account's own prices, the tenant's own, the list it imported, the pinned catalogue. Sums are made in Decimal and
rounded once, half to even. An unknown price is None, never 0.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b

import msgspec
from msgspec import Struct

from appliance import clock
from appliance.gateway import catalogue, price_sums, usages
from appliance.gateway.price_sums import Found, Line, Source
from appliance.gateway.simulated_models import MODELS
from appliance.gateway.types import DEFAULT_OUTPUT_TOKENS, Account, ChatRequest, Share, Usage

BYTES_PER_TOKEN = 3.2


class Price(Struct, frozen=True):
    """The price of one call.

    `cost_nano` is None when unpriced and 0 on a local account or one with a flat fee, where `imputed_nano` is the list
    price of a model of that name. Unit prices are nano-dollars per million tokens at the size, time and tier of this
    call; `note` says what was assumed. `lines` are given where tokens at those unit prices are not the whole sum.
    """

    cost_nano: int | None
    source: Source
    matched_model: str = ""
    price_version: str = ""
    input_nano_per_mtok: int | None = None
    output_nano_per_mtok: int | None = None
    cache_read_nano_per_mtok: int | None = None
    tier: str = "standard"
    imputed_nano: int | None = None
    note: str = ""
    cache_write_5m_nano_per_mtok: int | None = None
    cache_write_1h_nano_per_mtok: int | None = None
    lines: tuple[Line, ...] = ()


class PriceBook:
    def load(self) -> None:
        """Read the catalogue now (about 0.2 s), so that the first call need not; safe from any thread."""
        catalogue.load()

    def price(
        self, account: Account, model: str, usage: Usage | None, at: datetime, tier: str = "", asked: str = ""
    ) -> Price:
        """`model` and `tier` as the answer reported them; `asked` is the name it was asked for, where that differs.

        `at` (UTC), the time the request was sent, decides between prices that change by time.
        """
        if usage is None:
            return Price(None, "unpriced", note="The provider reported no usage.")
        if fault := usages.fault(usage):
            return Price(None, "unpriced", note=f"The reported usage contradicts itself: {fault}.")
        shares = _shares(model, usage)
        found = [_find(account, (share.model, asked), share.usage, at, tier) for share in shares]
        priced = _together(shares, found)
        free = account.billing in ("local", "flat") and account.kind != "simulated"
        return _in_the_fee(priced, account) if free else priced

    def estimate(self, account: Account, request: ChatRequest, at: datetime) -> int | None:
        """Nano-dollars to reserve before sending; None when the model has no price."""
        sent = len(msgspec.json.encode((request.messages, request.tools)))
        answer = min(request.max_tokens or DEFAULT_OUTPUT_TOKENS, DEFAULT_OUTPUT_TOKENS)
        expected = Usage(input_total=int(sent / BYTES_PER_TOKEN) + 1, output_total=answer)
        return self.price(account, request.model, expected, at).cost_nano


def _shares(model: str, usage: Usage) -> tuple[Share, ...]:
    """At least one; what is billed beside tokens goes with the last, which gave the answer."""
    if not usage.shares:
        return (Share(model, usage),)
    named = [Share(share.model or model, share.usage) for share in usage.shares]
    named[-1] = Share(named[-1].model, msgspec.structs.replace(named[-1].usage, units=usage.units))
    return tuple(named)


def _find(account: Account, names: tuple[str, str], usage: Usage, at: datetime, tier: str) -> Found:
    """By the reported name before the one that was asked for, in each list before the next."""
    wanted = [name for name in dict.fromkeys(names) if name]
    for found in _own(account, wanted, usage, at, tier):
        return found
    if account.kind == "simulated":
        return _simulated(wanted[0], usage)
    first = catalogue.find(account, wanted[0], usage, at, tier)
    if first.usd is None and len(wanted) > 1:
        second = catalogue.find(account, wanted[1], usage, at, tier)
        return first if second.usd is None else second
    return first


def _own(account: Account, names: list[str], usage: Usage, at: datetime, tier: str) -> Iterator[Found]:
    for name in names:
        if price := account.prices.get(name):
            version = blake2b(msgspec.json.encode(price), digest_size=4).hexdigest()
            yield price_sums.own(price, usage, tier, "override", name, f"account {version}")
    now = clock.iso(at) if account.sheet else ""
    for source in ("override", "import"):
        for name in names:
            for dated in account.sheet.get(name, ()):
                if dated.source == source and dated.starts_at <= now < (dated.ends_at or "9"):
                    kind: Source = "override" if source == "override" else "catalogue"
                    yield price_sums.own(dated.price, usage, tier, kind, name, dated.version)


def _simulated(model: str, usage: Usage) -> Found:
    if model not in MODELS:
        return Found(None, "unpriced", notes=(f"There is no simulated model {model}.",))
    return price_sums.own(MODELS[model].price, usage, "", "simulated", model, "simulated")


def _together(shares: tuple[Share, ...], found: list[Found]) -> Price:
    """One price of all shares, None as soon as one has none; the last gives its name and unit prices."""
    main, several = found[-1], len(found) > 1
    notes = list(dict.fromkeys([note for one in found for note in one.notes]))
    usd = [one.usd for one in found if one.usd is not None]
    if len(usd) < len(found):
        return Price(None, "unpriced", main.matched, note=" ".join(notes))
    missing = [name.replace("_", " ") for one in found for name in one.uncounted]
    if missing:
        notes.append(f"No price is known for {', '.join(missing)}: they are not in this cost.")
    lines: list[Line] = []
    if several or shares[-1].usage.units:
        for share, one in zip(shares, found, strict=True):
            lines += price_sums.lines(one, share.usage, one.matched if several else "")
    units = main.units
    assert units
    return Price(
        price_sums.nano(sum(usd, Decimal(0))),
        "estimated" if missing else main.source,
        main.matched,
        main.version,
        price_sums.nano(units.input),
        price_sums.nano(units.output),
        price_sums.nano(units.cache_read),
        main.tier,
        note=" ".join(notes),
        cache_write_5m_nano_per_mtok=price_sums.nano(units.cache_write_5m),
        cache_write_1h_nano_per_mtok=price_sums.nano(units.cache_write_1h),
        lines=tuple(lines),
    )


def _in_the_fee(listed: Price, account: Account) -> Price:
    kind: Source = "local" if account.billing == "local" else "flat"
    return msgspec.structs.replace(listed, cost_nano=0, source=kind, imputed_nano=listed.cost_nano)
