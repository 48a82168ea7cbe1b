"""Why a request is not answered, the same for every surface, before it takes the shape of one."""

from typing import Literal

from msgspec import Struct

Kind = Literal[
    "invalid",
    "key",
    "budget",
    "paused",
    "full",
    "forbidden",
    "not_found",
    "method",
    "too_large",
    "rate",
    "account",
    "upstream",
    "overloaded",
    "timeout",
    "internal",
]
STATUS: dict[Kind, int] = {
    "invalid": 400,
    "key": 401,
    "budget": 429,
    "paused": 429,
    "full": 429,
    "forbidden": 403,
    "not_found": 404,
    "method": 405,
    "too_large": 413,
    "rate": 429,
    "account": 502,
    "upstream": 502,
    "overloaded": 503,
    "timeout": 504,
    "internal": 500,
}
# Sending the same again can only help with these.
AGAIN: frozenset[Kind] = frozenset({"rate", "upstream", "overloaded", "timeout", "internal"})


class Fault(Struct, frozen=True):
    """`reason` is for x-agenthq-reason, "" for what is no refusal of ours; `retry_after_s` where waiting helps."""

    kind: Kind
    message: str
    reason: str = ""
    retry_after_s: float | None = None

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What tells a client to come again, or not to."""
        found = [(b"x-agenthq-reason", self.reason.encode())] if self.reason else []
        if self.kind not in AGAIN:
            return [*found, (b"x-should-retry", b"false")]
        if self.retry_after_s is None:
            return found
        wait = max(self.retry_after_s, 0.001)
        milliseconds = str(int(-(-wait * 1000 // 1))).encode()
        # Whole seconds, rounded up: a client that waits them may not come too early.
        return [*found, (b"retry-after", str(int(-(-wait // 1))).encode()), (b"retry-after-ms", milliseconds)]
