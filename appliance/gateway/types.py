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
    """Tokens of one answer. The cache fields are parts of `input_total`, `reasoning` is a part of `output_total`."""

    input_total: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output_total: int = 0
    reasoning: int = 0


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
    """USD per million tokens. Cached input costs the input price when `cache_read_usd_per_mtok` is None."""

    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cache_read_usd_per_mtok: Decimal | None = None


class Account(Struct, frozen=True):
    """A credential at a provider; without a `base_url` the kind's own is called.

    `prices` overrides the catalogue by exact model id. `silence_s` is the longest gap between two pieces of an answer.
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
    public_only: bool = False
    stream_options: bool = True

    def __repr__(self) -> str:
        return f"Account(id={self.id!r}, kind={self.kind!r}, base_url={self.base_url!r})"
