"""What is said to a model and what comes back, the same for every wire family."""

from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

Role = Literal["system", "user", "assistant", "tool"]
Billing = Literal["metered", "local", "flat"]
Pace = Literal["instant", "real"]

DEFAULT_OUTPUT_TOKENS = 4000


class ToolCall(Struct, frozen=True):
    """`arguments` is the raw JSON text as the model sent it, valid or not."""

    id: str
    name: str
    arguments: str


class Message(Struct, frozen=True):
    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


class ToolSpec(Struct, frozen=True):
    """`parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: dict[str, Any]


class ChatRequest(Struct, frozen=True):
    """`seed` and `attempt` (1 for the first try) steer the simulated provider; real ones never see them."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int | None = None
    seed: int = 0
    attempt: int = 1


class Usage(Struct, frozen=True):
    """Tokens of one answer. The cache fields are parts of `input_total`, `reasoning` is a part of `output_total`.

    `units` counts what else is billed, by the price list's names (web_searches). `shares` are given where several
    models had a part in the answer, and add up to it. `conflict` says in words why the report can't be right.
    """

    input_total: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output_total: int = 0
    reasoning: int = 0
    units: dict[str, int] = {}
    shares: tuple["Share", ...] = ()
    conflict: str = ""


class Share(Struct, frozen=True):
    """What one model used of an answer; `model` "" is the one that the answer names."""

    model: str
    usage: Usage


class Reply(Struct, frozen=True):
    """One whole answer.

    `stop_reason` is stop, tool_calls, length or filtered; an unknown one stays as the provider wrote it. `usage` is
    None when the provider reported none. `tier` is the service tier reported in the answer, "" when none was.
    """

    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    stop_reason: str = "stop"
    usage: Usage | None = None
    model: str = ""
    request_id: str = ""
    tier: str = ""
    reported_cost_nano: int | None = None
    first_byte_ms: float = 0.0
    duration_ms: float = 0.0


class ModelPrice(Struct, frozen=True):
    """USD per million tokens. Input read from or written to a cache costs the input price where none is given.

    `units_usd_per_1000` by the price list's names (web_searches). `tiers` are the prices of service tiers; `above`
    holds for the whole call once its input is larger than `above_tokens`.
    """

    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_5m_usd_per_mtok: Decimal | None = None
    cache_write_1h_usd_per_mtok: Decimal | None = None
    units_usd_per_1000: dict[str, Decimal] = {}
    tiers: dict[str, "ModelPrice"] = {}
    above_tokens: int | None = None
    above: "ModelPrice | None" = None


class Dated(Struct, frozen=True):
    """A tenant's price of a model from `starts_at` until before `ends_at` (UTC text; None: for good)."""

    source: Literal["override", "import"]
    model: str
    starts_at: str
    ends_at: str | None
    version: str
    price: ModelPrice


class Account(Struct, frozen=True):
    """A credential at a provider; without a `base_url` the kind's own is called.

    `prices` overrides every list by exact model id; `sheet` holds the tenant's own prices and its imported list, by
    model, the newest first. `silence_s` is the longest gap between two pieces of an answer.
    `public_only`: no address of this machine or a private network is called, whatever a name resolves to.
    `stream_options` is False for a server that refuses a request with that field.
    """

    id: str
    kind: str
    base_url: str = ""
    secret: str = ""
    timeout_s: float = 120.0
    silence_s: float = 60.0
    seed: int = 0
    billing: Billing = "metered"
    prices: dict[str, ModelPrice] = {}
    pace: Pace = "instant"
    sheet: dict[str, tuple[Dated, ...]] = {}
    public_only: bool = False
    stream_options: bool = True

    def __repr__(self) -> str:
        return f"Account(id={self.id!r}, kind={self.kind!r}, base_url={self.base_url!r})"
