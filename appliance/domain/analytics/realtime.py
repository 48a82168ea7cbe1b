"""What happens right now: calls under way, and the last five minutes."""

from datetime import timedelta

import msgspec

from appliance import clock
from appliance.db.database import Database

MINUTES = 5


class Now(msgspec.Struct, frozen=True):
    """`in_flight` calls hold `reserved_nano` of budgets at most; the rest is of the last five minutes, by the minute.

    `series` is the calls of each of these minutes, oldest first.
    """

    at: str
    in_flight: int
    reserved_nano: int
    calls: int
    failed: int
    calls_per_minute: float
    tokens_per_minute: float
    nano_per_minute: int
    simulated: bool
    series: list[int]


_OPEN = """SELECT COUNT(*) AS n, CAST(COALESCE(SUM(estimate_nano), 0) AS BIGINT) AS nano FROM calls
WHERE finished_at IS NULL"""
_ENDED = """SELECT SUBSTR(finished_at, 1, 16) AS minute, COUNT(*) AS calls, simulated,
CAST(SUM(CASE WHEN state <> 'ok' THEN 1 ELSE 0 END) AS BIGINT) AS failed,
CAST(SUM(input_total + output_total) AS BIGINT) AS tokens, CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) AS nano
FROM calls WHERE finished_at >= :since GROUP BY 1, simulated"""


def now(db: Database) -> Now:
    moment = clock.now()
    minutes = [clock.iso(moment - timedelta(minutes=n))[:16] for n in reversed(range(MINUTES))]
    ended = db.rows(_ENDED, {"since": minutes[0]})
    open_ = db.rows(_OPEN)[0]
    seconds = (MINUTES - 1) * 60 + moment.second + 1
    calls, failed, tokens, nano = (sum(row[name] for row in ended) for name in ("calls", "failed", "tokens", "nano"))
    series = [sum(row["calls"] for row in ended if row["minute"] == minute) for minute in minutes]
    simulated = bool(ended) and all(row["simulated"] for row in ended)
    rate = 60 / seconds
    return Now(
        clock.iso(moment),
        open_["n"],
        open_["nano"],
        calls,
        failed,
        round(calls * rate, 1),
        round(tokens * rate, 1),
        round(nano * rate),
        simulated,
        series,
    )
