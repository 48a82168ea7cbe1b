"""A request of a tool outside on its way through the box: what it asks, where it may go, why it may not."""

from typing import Literal

import msgspec

from appliance.db.bounds import UNBOUNDED, Bounds
from appliance.domain.key_forms import ApiKey
from appliance.domain.ledger_rows import Ended as Ended
from appliance.gateway.types import Account

Surface = Literal["messages", "chat", "responses", "embeddings"]
Reason = Literal["budget", "rate", "model", "key", "paused", "storage"]


class Holder(msgspec.Struct, frozen=True):
    """Whose key came with the request, and what its tenant may use."""

    tenant_id: str
    key: ApiKey
    bounds: Bounds = UNBOUNDED


class Asked(msgspec.Struct, frozen=True):
    """`needs` are the capabilities the answer takes: tools, vision, schema.

    `output_cap` is the most tokens the tool wants, None where it names none. `agent`, `task` and `run` are claims of
    the tool's headers, which never widen what the key covers.
    """

    surface: Surface
    model: str
    input_bytes: int
    stream: bool = False
    output_cap: int | None = None
    needs: frozenset[str] = frozenset()
    session_id: str = ""
    agent: str = ""
    task: str = ""
    run: str = ""


class Target(msgspec.Struct, frozen=True):
    """An account with its opened secret, and the model's name there: for the wire only."""

    account: Account
    model: str


class Admitted(msgspec.Struct, frozen=True):
    """A call that is open in the ledger with its money reserved; `targets` in the order they are to be tried.

    `strict`: an answer may not cost more than `reserved_nano`, whatever it takes.
    """

    call_id: str
    targets: tuple[Target, ...]
    reserved_nano: int
    strict: bool = False


class Live(msgspec.Struct, frozen=True):
    """A stream under way, for whoever decides whether it may go on."""

    call_id: str
    holder: Holder
    account_id: str


class Refused(Exception):
    """A request that is not sent anywhere; `retry_after_s` where waiting helps."""

    def __init__(self, reason: Reason, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s
