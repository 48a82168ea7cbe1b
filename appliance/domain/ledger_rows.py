"""What the ledger holds: calls, their attempts, and what is told of them when they begin and end."""

from typing import NamedTuple

import msgspec

from appliance.db.database import Row
from appliance.domain.scopes import Scope

# A call is as sure of its cost as the least sure of its attempts. Attempts that cost nothing say nothing.
WEAKEST_FIRST = ("unpriced", "estimated", "catalogue", "override", "simulated", "flat", "local", "reported", "none")


class Call(msgspec.Struct, frozen=True):
    """`state` is open, ok, failed or lost; `cost_nano` is None while open and for what could not be priced.

    `surface` is agent for our own agents, else the protocol a tool outside spoke; `asked_model` is what was asked for
    where that is another name. `imputed_nano` is the list price where nobody pays for each call. `cost_source` is the
    least sure of its attempts'. `error_type` is one of error_types; `needs` the capabilities, with commas.
    """

    id: str
    run_id: str | None
    step_key: str
    task_id: str | None
    agent_id: str | None
    provider_id: str
    model: str
    state: str
    failure_code: str
    cost_nano: int | None
    estimate_nano: int
    simulated: bool
    attempts: int
    input_total: int
    cache_read: int
    output_total: int
    day: str
    started_at: str
    finished_at: str | None
    agent_name: str | None = None
    provider_name: str | None = None
    task_number: int | None = None
    duration_ms: int | None = None
    surface: str = "agent"
    protocol: str = ""
    asked_model: str = ""
    session_id: str = ""
    key_id: str | None = None
    project: str = ""
    task_kind: str = ""
    needs: str = ""
    streamed: bool = False
    error_type: str = ""
    cost_source: str = ""
    imputed_nano: int | None = None
    cache_write: int = 0
    reasoning: int = 0
    first_byte_ms: int | None = None


class Part(msgspec.Struct, frozen=True):
    """One line of an attempt's sum: tokens (or units) at a price for `per` of them make an amount.

    The price is None where the price list has several.
    """

    label: str
    tokens: int
    nano_mtok: int | None
    cost_nano: int
    per: int = 1_000_000


class Portion(msgspec.Struct, frozen=True):
    """What one model used of an answer that several had a part in; "" is the one the answer names."""

    model: str
    input_total: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output_total: int = 0
    reasoning: int = 0


class Attempt(msgspec.Struct, frozen=True):
    """One sending. Tokens as in the canonical usage record; unit prices in nano-dollars for a million tokens.

    `imputed_nano` is what the tokens would have cost at list prices where nobody pays for each call. `units` counts
    what else is billed (web searches). `reported_nano` is the provider's own figure and `computed_nano` ours, where
    both are known. `status` is the HTTP one, `tier` the service tier as reported, `note` what the price assumed.
    `lines` are the whole sum where tokens at these unit prices are not, `shares` the tokens by model where several had
    a part.
    """

    provider_id: str
    model_requested: str
    model_reported: str = ""
    request_id: str = ""
    failure_code: str = ""
    failure_detail: str = ""
    input_total: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output_total: int = 0
    reasoning: int = 0
    cost_nano: int | None = None
    cost_source: str = "unpriced"
    matched_model: str = ""
    price_version: str = ""
    imputed_nano: int | None = None
    input_nano_mtok: int | None = None
    output_nano_mtok: int | None = None
    cache_read_nano_mtok: int | None = None
    first_byte_ms: int | None = None
    duration_ms: int = 0
    started_at: str = ""
    status: int | None = None
    tier: str = ""
    units: dict[str, int] = {}
    reported_nano: int | None = None
    computed_nano: int | None = None
    note: str = ""
    cache_write_5m_nano_mtok: int | None = None
    cache_write_1h_nano_mtok: int | None = None
    lines: list[Part] = []
    shares: list[Portion] = []


class Opening(msgspec.Struct, frozen=True):
    """What a call is for, before it is sent; `owner` is the process that will settle it.

    `metered` when somebody has to pay for it: then some budget has to cover it. Without a `project` it is the one
    among the scopes, without a `task_kind` the task's first label or else its workflow's name.
    """

    provider_id: str
    model: str
    simulated: bool
    estimate_nano: int
    owner: str
    scopes: tuple[Scope, ...]
    run_id: str | None = None
    step_key: str = ""
    task_id: str | None = None
    agent_id: str | None = None
    metered: bool = False
    surface: str = "agent"
    protocol: str = ""
    asked_model: str = ""
    session_id: str = ""
    key_id: str | None = None
    project: str = ""
    task_kind: str = ""
    needs: frozenset[str] = frozenset()
    streamed: bool = False


class Ended(msgspec.Struct, frozen=True):
    """How a call went. `error_type` where the failure code alone does not tell.

    `first_byte_ms` and `duration_ms` as the asker saw them; without them they follow from the attempts.
    """

    call_id: str
    attempts: list[Attempt]
    failure_code: str = ""
    error_type: str = ""
    first_byte_ms: int | None = None
    duration_ms: int | None = None


class Settled(NamedTuple):
    """What is noted of a call whose end is committed: its row of `calls`, and how it was sent."""

    call: Row
    attempts: list[Attempt]


class CallFilter(msgspec.Struct, frozen=True):
    """Which calls a list shows; "" is any."""

    task_id: str = ""
    agent_id: str = ""
    model: str = ""
    key_id: str = ""
    session_id: str = ""
    surface: str = ""
    provider_id: str = ""
    state: str = ""
    cost_source: str = ""
