"""What the month will have cost at its end, and how sure that is."""

import math
import statistics
from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain.analytics import spans, usage
from appliance.domain.analytics.shapes import Day

BACK = 28
# With fewer whole days there is nothing to go by.
FEWEST = 3
BY_WEEKDAY = 14
# Of ten months that go on like the days before, eight end inside the band.
WIDTH = 1.2816


class Forecast(msgspec.Struct, frozen=True):
    """Nano-dollars at the end of `month`; `low_nano` and `high_nano` hold 80 of 100 outcomes.

    `days` whole days of the past were looked at, each expected as the mean of its weekday when `by_weekday`;
    `left` days of the month are to come.
    """

    month: str
    spent_nano: int
    nano: int
    low_nano: int
    high_nano: int
    days: int
    by_weekday: bool
    left: float
    daily_nano: int
    simulated: bool


def month_end(db: Database) -> Forecast | None:
    """None until there are three whole days with or after the first call."""
    now = clock.now()
    today = now.date().isoformat()
    back = usage.days_of(db, min(spans.after(today, -BACK), today[:8] + "01"), today)
    simulated = not any(day.real_nano for day in back)
    spent = sum(_nano(day, simulated) for day in back if day.day[:7] == today[:7])
    past = _since_first([day for day in back[:-1] if day.day >= spans.after(today, -BACK)])
    if len(past) < FEWEST:
        return None
    return _told(now, spent, [(day.day, _nano(day, simulated)) for day in past], simulated)


def _told(now: datetime, spent: int, past: Sequence[tuple[str, int]], simulated: bool) -> Forecast:
    by_weekday = len(past) >= BY_WEEKDAY
    mean = statistics.fmean(nano for _, nano in past)
    weekdays = {n: [nano for day, nano in past if date.fromisoformat(day).weekday() == n] for n in range(7)}

    def expected(day: str) -> float:
        same = weekdays[date.fromisoformat(day).weekday()]
        return statistics.fmean(same) if by_weekday and same else mean

    today = now.date().isoformat()
    rest = 1 - (now.hour * 3600 + now.minute * 60 + now.second) / 86_400
    coming = [day for n in range(1, 31) if (day := spans.after(today, n))[:7] == today[:7]]
    more = expected(today) * rest + sum(expected(day) for day in coming)
    left = rest + len(coming)
    off = math.sqrt(statistics.fmean((nano - expected(day)) ** 2 for day, nano in past))
    band = WIDTH * off * math.sqrt(left)
    nano = spent + round(more)
    low, high = max(spent, round(spent + more - band)), round(spent + more + band)
    return Forecast(today[:7], spent, nano, low, high, len(past), by_weekday, round(left, 2), round(mean), simulated)


def _since_first(days: list[Day]) -> list[Day]:
    first = next((n for n, day in enumerate(days) if day.calls), len(days))
    return days[first:]


def _nano(day: Day, simulated: bool) -> int:
    return day.simulated_nano if simulated else day.real_nano
