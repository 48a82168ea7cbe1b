"""What the price list knows of models, for routing: prices of a moment ago, and how much a model reads."""

from collections import OrderedDict
from typing import TypeVar

import msgspec

from appliance import clock
from appliance.calls.accounts import Accounts, Sheet
from appliance.db.database import Database
from appliance.domain.model_facts import Facts
from appliance.domain.providers import Provider
from appliance.gateway import model_info
from appliance.gateway.types import DEFAULT_OUTPUT_TOKENS, Usage

# Unit prices change by the hour and by the size of the prompt, not by the second nor by the token.
KEPT_S = 60.0
STEP = 1000
MOST = 20_000
_MTOK = 1_000_000
K = TypeVar("K")
V = TypeVar("V")
_SIMULATED = Facts(context=1_000_000, tools=True, vision=True, schema=True)


class _Unit(msgspec.Struct, frozen=True):
    """Nano-dollars for a million tokens; `at` by the monotonic clock."""

    at: float
    provider: Provider
    sheet: Sheet
    input: int | None
    output: int | None


class Known:
    """What is remembered for all tenants; `at` gives the knowledge of one."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._units: OrderedDict[tuple[str, str, int], _Unit] = OrderedDict()
        self._facts: OrderedDict[tuple[str, str], tuple[Provider, Facts]] = OrderedDict()

    def at(self, db: Database) -> "Here":
        """With the tenant's own prices as they are now."""
        return self.by(self._accounts.sheet(db))

    def by(self, sheet: Sheet) -> "Here":
        """With these prices of a tenant."""
        return Here(self, sheet)

    def facts(self, provider: Provider, model: str) -> Facts:
        if provider.simulated:
            return _SIMULATED
        key = (provider.id, model)
        found = self._facts.get(key)
        if found is None or found[0] is not provider:
            found = (provider, Facts(context=model_info.context(self._accounts.described(provider), model)))
            _keep(self._facts, key, found)
        return found[1]

    def unit(self, provider: Provider, model: str, size: int, sheet: Sheet) -> _Unit:
        """Nano-dollars for a million tokens of a request of about this size."""
        key, now = (provider.id, model, (size - 1) // STEP), clock.monotonic()
        found = self._units.get(key)
        if found and found.provider is provider and found.sheet is sheet and now - found.at < KEPT_S:
            return found
        usage = Usage(input_total=size, output_total=1)
        account = msgspec.structs.replace(self._accounts.described(provider), sheet=sheet)
        price = self._accounts.prices.price(account, model, usage, clock.now())
        free = price.cost_nano is not None and provider.billing != "metered" and not provider.simulated
        units: tuple[int | None, int | None] = (price.input_nano_per_mtok, price.output_nano_per_mtok)
        if free:
            units = (0, 0)
        elif price.cost_nano is None:
            units = (None, None)
        made = _Unit(now, provider, sheet, *units)
        _keep(self._units, key, made)
        return made


class Here:
    """routes.Knowledge of one tenant, from its accounts' prices, its own, and the lists."""

    def __init__(self, known: Known, sheet: Sheet) -> None:
        self._known = known
        self._sheet = sheet

    def estimate(self, provider: Provider, model: str, input_tokens: int, output_tokens: int) -> int | None:
        """Nano-dollars somebody has to pay: 0 on an account with a flat fee or on this machine."""
        unit = self._known.unit(provider, model, input_tokens, self._sheet)
        if unit.input is None or unit.output is None:
            return None
        return (unit.input * input_tokens + unit.output * (output_tokens or DEFAULT_OUTPUT_TOKENS)) // _MTOK

    def facts(self, provider: Provider, model: str) -> Facts:
        return self._known.facts(provider, model)


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    """Two threads may come at once: what is not there any more is no fault."""
    kept[key] = value
    while len(kept) > MOST:
        try:
            kept.popitem(last=False)
        except KeyError:
            return
