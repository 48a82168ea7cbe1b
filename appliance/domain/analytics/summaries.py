"""The figures of a span of days on one screen, with what stands behind them."""

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.analytics import (
    accepting,
    chosen,
    forecasting,
    latencies,
    pricing,
    savings,
    spans,
    usage,
)
from appliance.domain.analytics.chosen import Chosen
from appliance.domain.analytics.columns import FIRST, TOOK
from appliance.domain.analytics.forecasting import Forecast
from appliance.domain.analytics.latencies import Speed
from appliance.domain.analytics.pricing import Priced
from appliance.domain.analytics.savings import Savings
from appliance.domain.analytics.shapes import Accepted, Total
from appliance.domain.analytics.source import MEASURED, SUMMED, Asked, rows


class Cache(msgspec.Struct, frozen=True):
    """How much of the input prompt caches held (`read_share`, None without input), and what that saved, net of the
    dearer writing: negative when more was written than ever read."""

    input_total: int
    read: int
    written: int
    read_share: float | None
    saved_nano: int


class Summary(msgspec.Struct, frozen=True):
    """The figures of a span of days (both included) beside today's, and beside the span of the same length before."""

    first_day: str
    last_day: str
    total: Total
    today: Total
    accepted: Accepted
    before: Total
    accepted_before: Accepted
    cache: Cache
    speed: Speed
    savings: Savings
    chosen: Chosen
    forecast: Forecast | None
    priced: list[Priced]


def summary(db: Database, first_day: str = "", last_day: str = "") -> Summary:
    """Without days: the current month up to today, UTC. Raises Problem(invalid) for what is not a span of days."""
    first, last = spans.span(first_day, last_day)
    earlier = spans.before(first, last)
    [row] = rows(db, Asked(first, last), f"'' AS key, {SUMMED}, {latencies.COUNTED}", kept=(*MEASURED, *FIRST, *TOOK))
    total = records.to(Total, row)
    return Summary(
        first,
        last,
        total,
        usage.today(db),
        accepting.accepted(db, first, last),
        usage.total(db, *earlier),
        accepting.accepted(db, *earlier),
        cache(total),
        latencies.speed(row),
        savings.of(db, first, last),
        chosen.of(db, first, last),
        forecasting.month_end(db),
        pricing.of(db, first, last),
    )


def cache(total: Total) -> Cache:
    share = round(total.cache_read / total.input_total, 4) if total.input_total else None
    return Cache(total.input_total, total.cache_read, total.cache_write, share, total.cached_nano)
