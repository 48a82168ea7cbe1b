"""The order of targets by each strategy: who is tried first."""

import random
from collections.abc import Callable
from statistics import median

from appliance import clock
from appliance.db.database import Database
from appliance.domain.route_rows import Strategy
from appliance.domain.route_shapes import Candidate

HOUR_S = 3600
SAMPLE = 200
# How long a measured latency is good for, in this process.
KEPT_S = 10.0
_latency: dict[tuple[str, str, str], tuple[float, float | None]] = {}


def ordered(db: Database, strategy: Strategy, found: list[Candidate]) -> list[Candidate]:
    return found if len(found) < 2 else _ORDERS[strategy](db, found)


def cheapest_first(found: list[Candidate]) -> list[Candidate]:
    """What is known to be able goes before what may be; of one price, the order of the route."""
    return sorted(found, key=lambda c: (bool(c.unknown), c.nano_estimate is None, c.nano_estimate or 0))


def latency_ms(db: Database, provider_id: str, model: str) -> float | None:
    """The median time to the first byte over the last hour; None when nothing was measured."""
    key, now = (db.name, provider_id, model), clock.monotonic()
    if (kept := _latency.get(key)) and now - kept[0] < KEPT_S:
        return kept[1]
    if len(_latency) > 10_000:
        _latency.clear()
    _latency[key] = (now, measured_ms(db, provider_id, model))
    return _latency[key][1]


def measured_ms(db: Database, provider_id: str, model: str) -> float | None:
    sql = """SELECT COALESCE(first_byte_ms, duration_ms) AS ms FROM attempts WHERE provider_id = :provider
      AND model_requested = :model AND started_at >= :since AND failure_code = ''
      ORDER BY started_at DESC LIMIT :sample"""
    about = {"provider": provider_id, "model": model, "since": clock.ahead(-HOUR_S), "sample": SAMPLE}
    times = [row["ms"] for row in db.rows(sql, about)]
    return float(median(times)) if times else None


def in_flight(db: Database) -> dict[str, int]:
    """Calls under way by account."""
    sql = "SELECT scope_id, COUNT(*) AS n FROM reservations WHERE scope = 'provider' GROUP BY scope_id"
    return {row["scope_id"]: int(row["n"]) for row in db.rows(sql)}


def _fixed(db: Database, found: list[Candidate]) -> list[Candidate]:
    return found


def _weighted(db: Database, found: list[Candidate]) -> list[Candidate]:
    """One by its share of all weights, then the rest the same way."""
    return sorted(found, key=lambda c: random.random() ** (1 / max(c.weight, 1)), reverse=True)


def _least_busy(db: Database, found: list[Candidate]) -> list[Candidate]:
    busy = in_flight(db)
    return sorted(found, key=lambda c: busy.get(c.provider.id, 0) / max(c.weight, 1))


def _lowest_latency(db: Database, found: list[Candidate]) -> list[Candidate]:
    """One that was not measured within the hour goes first, so that it will be."""
    return sorted(found, key=lambda c: latency_ms(db, c.provider.id, c.model) or 0.0)


def _cheapest(db: Database, found: list[Candidate]) -> list[Candidate]:
    return cheapest_first(found)


_ORDERS: dict[Strategy, Callable[[Database, list[Candidate]], list[Candidate]]] = {
    "fixed": _fixed,
    "weighted": _weighted,
    "least_busy": _least_busy,
    "lowest_latency": _lowest_latency,
    "cheapest": _cheapest,
}
