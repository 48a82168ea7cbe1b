"""How many requests a minute a tenant, a person and a key make, counted in this process alone.

A bucket fills with what is taken and runs empty evenly within a minute (the rule of `rates.py`, which counts calls of
models in the database): a minute's worth may come at once, then one in each share of a minute. Nothing is written, so
that a request pays for it with microseconds; with several processes on the same data each lets its share through.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from appliance import clock
from appliance.db.bounds import Bounds
from appliance.domain import rates
from appliance.errors import Problem

MOST = 20_000


class Policy(NamedTuple):
    """`name` is tenant, user or key; `of` is whose bucket it is; so many requests a minute."""

    name: str
    of: str
    per_minute: int


class Standing(NamedTuple):
    """What is left of a policy: `left` requests now, `full_s` seconds until all of it, `wait_s` until there is one."""

    policy: Policy
    left: int
    full_s: float
    wait_s: float


class Drained(Problem):
    """A bucket has nothing left."""

    def __init__(self, standing: list[Standing]) -> None:
        worst = max(standing, key=lambda one: one.wait_s)
        whose = {"tenant": "The organisation", "user": "A person", "key": "This key"}[worst.policy.name]
        wait = max(1, math.ceil(worst.wait_s))
        said = f"{whose} may make {worst.policy.per_minute:,} requests a minute. Come again in {wait} s."
        more = {"quota": "requests_per_min", "limit": worst.policy.per_minute, "usage": worst.policy.per_minute}
        super().__init__("rate_limited", said, retry_after=wait, more=more)
        self.standing = standing


class Buckets:
    """For one thread: the server's own."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, policies: Iterable[Policy]) -> list[Standing]:
        """Count one request on all of these, or raise Drained and count nothing."""
        now = clock.steady().timestamp()
        found = [(policy, self._level(policy, now)) for policy in policies]
        if any(level + 1 > policy.per_minute + rates.A_TRIFLE for policy, level in found):
            raise Drained([_standing(policy, level) for policy, level in found])
        if len(self._levels) > MOST:
            self._forget(now)
        for policy, level in found:
            self._levels[policy.name, policy.of] = (level + 1, now)
        return [_standing(policy, level + 1) for policy, level in found]

    def _level(self, policy: Policy, now: float) -> float:
        used, at = self._levels.get((policy.name, policy.of), (0.0, now))
        return rates.level(used, now - at, policy.per_minute)

    def _forget(self, now: float) -> None:
        """A bucket that nobody touched for a minute is empty, whatever its limit."""
        self._levels = {key: kept for key, kept in self._levels.items() if now - kept[1] < rates.MINUTE}


def policies(bounds: Bounds, tenant_id: str, user: str = "", key: str = "", own: int | None = None) -> list[Policy]:
    """Those that a request of this person or key meets here; `own` is what the key itself is limited to."""
    of_key = [limit for limit in (bounds.key_requests_per_min, own) if limit is not None]
    asked = (
        ("tenant", tenant_id, bounds.requests_per_min),
        ("user", f"{tenant_id} {user}" if user else "", bounds.user_requests_per_min),
        ("key", key, min(of_key, default=None)),
    )
    return [Policy(name, of, bounds.share(limit)) for name, of, limit in asked if of and limit is not None]


def headers(standing: list[Standing]) -> list[tuple[bytes, bytes]]:
    """As in draft-ietf-httpapi-ratelimit-headers-10: quota `q` in a window `w`, `r` left, `t` until it is whole."""
    if not standing:
        return []
    told = ", ".join(f'"{one.policy.name}";q={one.policy.per_minute};w=60' for one in standing)
    left = ", ".join(f'"{one.policy.name}";r={one.left};t={math.ceil(one.full_s)}' for one in standing)
    return [(b"ratelimit-policy", told.encode()), (b"ratelimit", left.encode())]


def _standing(policy: Policy, level: float) -> Standing:
    most = policy.per_minute
    left = math.floor(most - level + rates.A_TRIFLE)
    full = level * rates.MINUTE / most if most else rates.MINUTE
    wait = max(0.0, (level + 1 - most) * rates.MINUTE / most) if most else rates.MINUTE
    return Standing(policy, max(0, left), full, wait)
