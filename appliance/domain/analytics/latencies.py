"""How long calls took, out of buckets: buckets of hours add up to those of a day, percentiles would not."""

from collections.abc import Mapping, Sequence

import msgspec

from appliance.db.database import Database, Row
from appliance.domain.analytics.columns import EDGES, FIRST, TOOK
from appliance.domain.analytics.shapes import Spread
from appliance.domain.analytics.source import Asked, rows

COUNTED = ", ".join(f"CAST(COALESCE(SUM(u.{name}), 0) AS BIGINT) AS {name}" for name in (*FIRST, *TOOK))


class Speed(msgspec.Struct, frozen=True):
    """Of one key (a provider, a model and so on): until the first byte, and until the end."""

    key: str
    first_byte: Spread
    whole: Spread


def of(
    db: Database, first_day: str, last_day: str, column: str = "", only: Mapping[str, str] | None = None
) -> list[Speed]:
    """For each value of a dimension's `column`, or one Speed of all calls with the key ""."""
    names = (*FIRST, *TOOK)
    select, tail = (
        (f"u.{column} AS key, {COUNTED}", f"GROUP BY u.{column}") if column else (f"'' AS key, {COUNTED}", "")
    )
    asked = Asked(first_day, last_day, only or {})
    found = rows(db, asked, select, tail, (column,) if column else (), names)
    return [speed(row) for row in found]


def speed(row: Row) -> Speed:
    """Out of a row with what is COUNTED."""
    return Speed(row["key"], spread(_counts(row, FIRST)), spread(_counts(row, TOOK)))


def spread(counts: Sequence[int]) -> Spread:
    """Percentiles by interpolation within their bucket; the last, open bucket gives its lower end."""
    return Spread(sum(counts), *(_below(counts, share) for share in (0.5, 0.95, 0.99)))


def _below(counts: Sequence[int], share: float) -> int | None:
    wanted, seen = share * sum(counts), 0
    for n, count in enumerate(counts):
        if count and seen + count >= wanted:
            low = EDGES[n - 1] if n else 0
            high = EDGES[n] if n < len(EDGES) else low
            return round(low + (high - low) * (wanted - seen) / count)
        seen += count
    return None


def _counts(row: Row, names: Sequence[str]) -> list[int]:
    return [row[name] for name in names]
