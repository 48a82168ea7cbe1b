"""What is tried after a sending that brought no answer, while nothing of one has reached the tool. Pure."""

from collections.abc import Sequence, Sized
from typing import Literal, NamedTuple

from appliance.gateway.failures import ProviderFailure

RETRIES = 2
PATIENCE_S = 20.0
_PAUSES_S = (0.5, 1.5)
_AGAIN = frozenset(
    {
        "provider_rate_limited",
        "provider_overloaded",
        "provider_error",
        "provider_timeout",
        "provider_unreachable",
        "stream_cut",
    }
)
_ELSEWHERE = frozenset({"provider_auth", "provider_payment", "provider_address_refused", "provider_garbage"})


class Step(NamedTuple):
    act: Literal["again", "next", "stop"]
    pause_s: float = 0.0


def next_after(failure: ProviderFailure, tried: Sequence[int], targets: Sized) -> Step:
    """`tried` are the places of the targets that were sent to, one entry for each sending; the last of them failed.

    The same is asked twice more where another sending may mend it and it is ready within 20 s, then the next target.
    """
    onward = Step("next") if max(tried) + 1 < len(targets) else Step("stop")
    if failure.code in _ELSEWHERE:
        return onward
    if failure.code not in _AGAIN:
        return Step("stop")
    retries = len(tried) - len(set(tried))
    pause = _PAUSES_S[min(retries, 1)] if failure.retry_after is None else failure.retry_after
    return onward if retries >= RETRIES or pause > PATIENCE_S else Step("again", pause)
