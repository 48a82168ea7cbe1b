"""What calls would have cost on another model: each priced at its own time, thousands of them in a moment.

The price list takes 0.3 ms for a call, but what it gives is linear as long as neither the time nor the size of a call
crosses into another price. So the unit prices are asked for at the ends of a stretch of sizes and times, and used in
between where they are the same; where they are not, the stretch is cut in two.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from appliance import clock
from appliance.calls.accounts import Accounts
from appliance.calls.knowledge import Known
from appliance.db.database import Database
from appliance.domain import model_facts, providers
from appliance.domain.analytics.baselines import Done, Place
from appliance.domain.model_facts import Facts
from appliance.domain.providers import Provider
from appliance.gateway.types import Account, Usage

MTOK = 1_000_000
NOTHING = frozenset[str]()
# Where written tokens have no unit price of their own, it is worked out of a sum and rounded to this.
STEP = 10_000


class Units(NamedTuple):
    """Nano-dollars for a million tokens."""

    plain: int
    read: int
    written_5m: int
    written_1h: int
    output: int


class Elsewhere:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._known = Known(accounts)

    def places(self, db: Database, used: Sequence[Place]) -> list[Place]:
        """Accounts that are gone or paused can't be asked."""
        open_ = {provider.id for provider in providers.all(db) if not provider.paused}
        return [place for place in used if place.provider_id in open_]

    def costs(self, db: Database, place: Place, calls: Sequence[Done]) -> list[int | None]:
        """Nano-dollars of each call at `place`; None where it could not have been answered, or has no price there."""
        provider = providers.get(db, place.provider_id)
        account = self._accounts.described(provider, db)
        facts = model_facts.over(provider.facts.get(place.model), self._known.facts(provider, place.model))
        able = [n for n, call in enumerate(calls) if able_to(provider, facts, call)]
        able.sort(key=lambda n: calls[n].input_total)
        found: list[int | None] = [None] * len(calls)
        if able:
            times = [calls[n].finished_at for n in able]
            span = (clock.parse(min(times)), clock.parse(max(times)))
            self._stretch(account, place.model, calls, able, span, found)
        return found

    def _stretch(
        self,
        account: Account,
        model: str,
        calls: Sequence[Done],
        able: Sequence[int],
        span: tuple[datetime, datetime],
        found: list[int | None],
    ) -> None:
        """Price `able`, which are in the order of their size."""
        sizes = {calls[able[0]].input_total, calls[able[-1]].input_total}
        units = {self._units(account, model, size, at) for size in sizes for at in set(span)}
        if len(units) == 1:
            for n in able:
                found[n] = cost(next(iter(units)), calls[n])
            return
        middle = len(able) // 2
        if len(sizes) > 1 and middle and len({self._units(account, model, max(sizes), at) for at in set(span)}) == 1:
            self._stretch(account, model, calls, able[:middle], span, found)
            self._stretch(account, model, calls, able[middle:], span, found)
            return
        for n in able:
            found[n] = self._alone(account, model, calls[n])

    def _alone(self, account: Account, model: str, call: Done) -> int | None:
        return self._price(account, model, _usage(call), clock.parse(call.finished_at))

    def _price(self, account: Account, model: str, usage: Usage, at: datetime) -> int | None:
        return self._accounts.prices.price(account, model, usage, at).cost_nano

    def _units(self, account: Account, model: str, size: int, at: datetime) -> Units | None:
        """At this size and time; None where there is no price."""
        size = max(size, 1)
        price = self._accounts.prices.price(account, model, Usage(input_total=size, output_total=size), at)
        if price.cost_nano is None:
            return None
        if account.billing != "metered":
            return Units(0, 0, 0, 0, 0)
        plain, output = price.input_nano_per_mtok or 0, price.output_nano_per_mtok or 0
        read = plain if price.cache_read_nano_per_mtok is None else price.cache_read_nano_per_mtok
        short, long = price.cache_write_5m_nano_per_mtok, price.cache_write_1h_nano_per_mtok
        if short is None:
            short = _unit(self._price(account, model, Usage(size, cache_write_5m=size), at) or 0, size)
        if long is None:
            long = _unit(self._price(account, model, Usage(size, cache_write_1h=size), at) or 0, size)
        return Units(plain, read, short, long, output)


def _unit(nano: int, size: int) -> int:
    return round(nano * MTOK / size / STEP) * STEP


def cost(units: Units | None, call: Done) -> int | None:
    """In whole nano-dollars, rounded once, half to even, as the price list does."""
    if units is None:
        return None
    plain = call.input_total - call.cache_read - call.cache_write_5m - call.cache_write_1h
    tokens = (plain, call.cache_read, call.cache_write_5m, call.cache_write_1h, call.output_total)
    whole, rest = divmod(sum(count * unit for count, unit in zip(tokens, units, strict=True)), MTOK)
    return whole + (rest * 2 > MTOK or (rest * 2 == MTOK and whole % 2 == 1))


def able_to(provider: Provider, facts: Facts, call: Done) -> bool:
    """As routes judge it. Simulated calls are only answered by simulated models, and the other way round."""
    if provider.simulated != call.simulated:
        return False
    lacks, _ = model_facts.judged(facts, _Wanted(call))
    return not lacks


class _Wanted:
    """What a call took of the model that answered it."""

    def __init__(self, call: Done) -> None:
        self.needs = frozenset(call.needs.split(",")) if call.needs else NOTHING
        self.input_tokens = call.input_total
        self.output_tokens = call.output_total


def _usage(call: Done) -> Usage:
    return Usage(call.input_total, call.cache_read, call.cache_write_5m, call.cache_write_1h, call.output_total)
