"""How many tokens a request will take and what they will cost, before it is sent."""

import math
from collections import OrderedDict
from datetime import datetime
from typing import NamedTuple

from appliance import clock
from appliance.calls.asked import Asked
from appliance.db.database import Database
from appliance.gateway.prices import BYTES_PER_TOKEN, Price, PriceBook
from appliance.gateway.types import DEFAULT_OUTPUT_TOKENS, Account, Usage

FLOOR = 1_000
# What an answer may come to where the asker names no cap and nothing may go over what is reserved.
FULL = 32_000
WEEK_S = 7 * 86_400
SAMPLE = 500
FEWEST = 20
FRESH_S = 300.0
SOON_S = 15.0
SESSIONS = 20_000
PRICES = 2_000
MTOK = 1_000_000
_OUTPUTS = """
SELECT output_total FROM calls WHERE key_id = :key AND model = :model AND state = 'ok' AND started_at >= :since
ORDER BY started_at DESC LIMIT :sample"""


class Tokens(NamedTuple):
    input: int
    output: int

    @property
    def total(self) -> int:
        return self.input + self.output


class Said(NamedTuple):
    """The last request of a session: its bytes, and the tokens that these were."""

    sent: int
    tokens: int


class Estimates:
    """Remembers what sessions sent and what keys were answered; losing that costs only some precision."""

    def __init__(self, prices: PriceBook) -> None:
        self._prices = prices
        self._sessions: OrderedDict[tuple[str, str, str], Said] = OrderedDict()
        self._outputs: dict[tuple[str, str, str], tuple[float, int | None]] = {}
        self._units: OrderedDict[tuple[str, str, int, int, int], Price] = OrderedDict()

    def tokens(self, db: Database, key_id: str, model: str, asked: Asked, strict: bool) -> Tokens:
        """`strict` takes the whole cap for an answer."""
        said = self._sessions.get((db.name, asked.session_id, model)) if asked.session_id else None
        by_bytes = int(asked.input_bytes / BYTES_PER_TOKEN) + 1
        more = int((asked.input_bytes - said.sent) / BYTES_PER_TOKEN) if said else 0
        going_on = max(1, said.tokens + more) if said else by_bytes
        cap = asked.output_cap
        if asked.surface == "embeddings":
            return Tokens(by_bytes, 0)
        if strict:
            return Tokens(max(by_bytes, going_on), FULL if cap is None else cap)
        if cap is not None and cap <= FLOOR:
            return Tokens(going_on, cap)
        usual = self._usual(db, key_id, model)
        return Tokens(going_on, usual if cap is None else min(cap, usual))

    def cost(self, account: Account, model: str, tokens: Tokens, at: datetime) -> int | None:
        """Nano-dollars; None for a model without a price."""
        price = self._unit(account, model, tokens, at)
        if price.cost_nano is None or price.source in ("local", "flat"):
            return price.cost_nano
        units = tokens.input * (price.input_nano_per_mtok or 0) + tokens.output * (price.output_nano_per_mtok or 0)
        return -(-units // MTOK)

    def heard(self, tenant_id: str, session_id: str, model: str, said: Said) -> None:
        """What a session's request came to."""
        if session_id and said.tokens:
            self._sessions[tenant_id, session_id, model] = said
            self._sessions.move_to_end((tenant_id, session_id, model))
            if len(self._sessions) > SESSIONS:
                self._sessions.popitem(last=False)

    def _usual(self, db: Database, key_id: str, model: str) -> int:
        """What nineteen of twenty answers to this key stayed within."""
        until, known = self._outputs.get((db.name, key_id, model), (0.0, None))
        now = clock.monotonic()
        if now >= until:
            given = {"key": key_id, "model": model, "since": clock.ahead(-WEEK_S), "sample": SAMPLE}
            found = sorted(row["output_total"] for row in db.rows(_OUTPUTS, given))
            known = found[math.ceil(len(found) * 0.95) - 1] if len(found) >= FEWEST else None
            self._outputs[db.name, key_id, model] = (now + (SOON_S if known is None else FRESH_S), known)
        return DEFAULT_OUTPUT_TOKENS if known is None else max(known, FLOOR)

    def _unit(self, account: Account, model: str, tokens: Tokens, at: datetime) -> Price:
        """The price of one request of about this size and time: a look-up of its own takes 150 µs.

        What embeds has a price for input alone.
        """
        size, answers = tokens.input, min(tokens.output, 1)
        step = max(1, 1 << max(0, size.bit_length() - 4))
        largest = -(-size // step) * step
        key = (account.id, model, largest, answers, int(at.timestamp() // 900))
        if (price := self._units.get(key)) is None:
            price = self._prices.price(account, model, Usage(input_total=largest, output_total=answers), at)
            self._units[key] = price
            if len(self._units) > PRICES:
                self._units.popitem(last=False)
        return price

    def forget_prices(self) -> None:
        """An account's own prices have changed."""
        self._units.clear()
