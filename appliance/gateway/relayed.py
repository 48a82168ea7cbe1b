"""A request on its way to an account, how that went, and why there may be no answer."""

from collections.abc import AsyncIterator, Iterable
from typing import Protocol

from msgspec import Struct

from appliance.gateway.failures import ProviderFailure
from appliance.gateway.surfaces.told import Told
from appliance.gateway.types import Account


class Letter(Struct, frozen=True):
    """What is sent: the path below the account's address, and the body as the account shall get it."""

    path: str
    query: str
    headers: Iterable[tuple[bytes, bytes]]
    body: bytes


class Unanswered(Exception):
    """A refusal of the account as it said it, or no answer at all (then `body` is empty)."""

    def __init__(self, failure: ProviderFailure, body: bytes = b"", kind: str = "") -> None:
        super().__init__(failure.code)
        self.failure = failure
        self.body = body
        self.kind = kind


class Sent(Struct):
    """`status` is 0 where no answer came. `failure` of a stream that broke off stands beside what had arrived.

    `unread`: the tool left before the end, and so did we.
    """

    account: Account
    model: str
    input_bytes: int
    started_at: str
    told: Told
    status: int = 0
    request_id: str = ""
    failure: ProviderFailure | None = None
    first_byte_ms: int | None = None
    duration_ms: int = 0
    unread: bool = False


class Answering(Protocol):
    """An answer that has begun. `first` is the whole body, or the opening event of one that `streams`.

    `lossy` names what the account could not be asked in its protocol.
    """

    sent: Sent
    first: bytes
    kind: str
    streams: bool
    lossy: tuple[str, ...]

    def pieces(self) -> AsyncIterator[bytes]: ...

    def break_off(self, cause: Exception) -> None: ...

    def close(self) -> None: ...
