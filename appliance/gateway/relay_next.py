"""What is tried after a sending that brought no answer, while nothing of one has reached the tool. Pure."""

from typing import NamedTuple

from appliance.gateway.failures import ProviderFailure, backoff_s

SAME = 2
LONGEST_S = 20.0
_AGAIN = frozenset(
    {
        "provider_rate_limited",
        "provider_overloaded",
        "provider_error",
        "provider_timeout",
        "provider_unreachable",
        "provider_garbage",
        "stream_cut",
    }
)
_ELSEWHERE = frozenset({"provider_auth", "provider_payment", "provider_address_refused"})


class Move(NamedTuple):
    """The number of the target to ask, after `wait_s` seconds."""

    target: int
    wait_s: float


def next_after(failure: ProviderFailure, target: int, tries: int, targets: int, key: str = "") -> Move | None:
    """None to give up: for what another sending can't mend, or when nobody is left to ask.

    `tries` counts the sendings to this target so far. The same is asked twice more, when it is ready within 20 s.
    """
    another = Move(target + 1, 0.0) if target + 1 < targets else None
    if failure.code in _ELSEWHERE:
        return another
    if failure.code not in _AGAIN:
        return None
    wait = backoff_s(failure.code, tries, key, failure.retry_after)
    return Move(target, wait) if tries <= SAME and wait <= LONGEST_S else another
