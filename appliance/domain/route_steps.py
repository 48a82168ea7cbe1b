"""What follows when a sending fails: the same again, the next target, or the end. Pure.

Only before the first byte of an answer: what has begun to come may have been acted upon, and is paid for.
"""

from collections.abc import Sequence, Sized
from typing import Literal, Protocol

import msgspec

RETRIES = 2
PATIENCE_S = 20.0
# With another target at hand a pause has to be short to be worth it.
SHORT_S = 2.0
_PAUSES_S = (0.5, 1.5)
_EARLY = ("connect", "before_first_byte")
_STATUSES = frozenset({408, 409, 429, 529})
_CODES = frozenset(
    {"provider_timeout", "provider_rate_limited", "provider_overloaded", "provider_error", "provider_unreachable"}
)
# These take the whole account out: nobody's request fares better there until a person has done something.
OUT = frozenset({"provider_auth", "provider_payment"})


class Failed(Protocol):
    """A sending without an answer: the gateway's ProviderFailure, or anything that looks like one."""

    code: str
    status: int | None
    retry_after: float | None

    @property
    def phase(self) -> str: ...


class Step(msgspec.Struct, frozen=True):
    """`pause_s` is the time to wait before the same target is tried again; the next target is tried at once."""

    act: Literal["again", "next", "stop"]
    pause_s: float = 0.0


STOP, NEXT = Step("stop"), Step("next")


def next_after(failure: Failed, tried: Sequence[int], targets: Sized) -> Step:
    """`tried` are the places, from 0 on, of the targets that were sent to, one entry for each sending.

    The last of them failed. `targets` are those of the plan, which are tried in their order.
    """
    if failure.phase not in _EARLY:
        return STOP
    more = max(tried) + 1 < len(targets)
    if failure.code in OUT:
        return NEXT if more else STOP
    if not _may_pass(failure):
        return STOP
    retries = len(tried) - len(set(tried))
    pause = _PAUSES_S[min(retries, 1)] if failure.retry_after is None else failure.retry_after
    leave = failure.code == "provider_unreachable" or pause > SHORT_S or tried.count(tried[-1]) > 1
    if retries >= RETRIES or pause > PATIENCE_S or (more and leave):
        return NEXT if more else STOP
    return Step("again", pause)


def _may_pass(failure: Failed) -> bool:
    """By the status where there is one: a 400, 404 or 422 will be one again."""
    if failure.status is not None:
        return failure.status in _STATUSES or failure.status >= 500
    return failure.code in _CODES
