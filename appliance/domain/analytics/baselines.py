"""What calls would have cost elsewhere, hour by hour: kept as they are compared, for every model that is in use.

Which models there are and what they charge is known one layer up: `Elsewhere` is given.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.analytics import marks, spans

SLICE = 5_000
# Only what was in use here so lately is worth a comparison, the most used first.
USED_DAYS = 90
MOST = 24


class Done(msgspec.Struct, frozen=True):
    """A call that was answered, with the tokens of the attempt that did; `actual_nano` is what all attempts cost."""

    id: str
    finished_at: str
    provider_id: str
    model: str
    asked_model: str
    needs: str
    simulated: bool
    actual_nano: int
    input_total: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output_total: int


class Place(NamedTuple):
    """A model at an account."""

    provider_id: str
    model: str


class Elsewhere(Protocol):
    def places(self, db: Database, used: Sequence[Place]) -> list[Place]:
        """Those of `used` that still can be asked."""

    def costs(self, db: Database, place: Place, calls: Sequence[Done]) -> list[int | None]:
        """Nano-dollars of each call there at its own time; None where it could not have been answered or priced."""


class Sum(NamedTuple):
    calls: int
    actual: int
    nano: int


# (hour, kind, provider_id, model, simulated)
Key = tuple[str, str, str, str, bool]
_ANSWERED = """SELECT c.id, c.finished_at, c.provider_id, c.model, c.asked_model, c.needs, c.simulated,
c.cost_nano AS actual_nano, a.input_total, a.cache_read, a.cache_write_5m, a.cache_write_1h, a.output_total
FROM calls c JOIN attempts a ON a.call_id = c.id AND a.n = c.attempts
WHERE c.finished_at >= :since AND c.finished_at < :edge AND c.state = 'ok' AND c.cost_nano IS NOT NULL"""


def compare(db: Database, elsewhere: Elsewhere, most: int = SLICE) -> int:
    """Compare the next calls that are added up; how many there were, 0 when none are left.

    The work is done outside a transaction; what another process has done meanwhile is not done twice.
    """
    if again(db, elsewhere):
        return 1
    since, rolled = marks.get(db, "compared"), marks.get(db, "rolled")
    edge = _edge(db, since, rolled, most)
    if edge <= since:
        return 0
    calls = answered(db, since, edge)
    sums = summed(db, elsewhere, calls)
    with db.transaction():
        if marks.held(db, "compared") == since:
            _add(db, sums)
            _by_day(db, {key[0][:10] for key in sums})
            marks.put(db, "compared", edge)
    return len(calls) or int(edge < rolled)


def again(db: Database, elsewhere: Elsewhere) -> bool:
    """Compare one hour anew whose calls have another price; false when there is none."""
    hour = db.value("SELECT hour FROM usage_stale ORDER BY hour LIMIT 1")
    if hour is None:
        return False
    after = clock.iso(clock.parse(f"{hour}:00Z") + timedelta(hours=1))
    compared = marks.get(db, "compared")
    sums = summed(db, elsewhere, answered(db, str(hour), min(after, compared)))
    with db.transaction():
        if marks.held(db, "compared") == compared:
            db.delete("usage_baselines", hour=hour)
            _add(db, sums)
            _by_day(db, {str(hour)[:10]})
            db.delete("usage_stale", hour=hour)
    return True


def answered(db: Database, since: str, edge: str) -> list[Done]:
    return [records.to(Done, row) for row in db.rows(_ANSWERED, {"since": since, "edge": edge})]


def used(db: Database) -> list[Place]:
    """Models that were in use in the last 90 days, the most used first."""
    sql = """SELECT provider_id, model FROM usage_days WHERE starts >= :since GROUP BY provider_id, model
    ORDER BY SUM(calls) DESC, provider_id, model LIMIT :most"""
    since = clock.ahead(-USED_DAYS * 86_400)[:10]
    return [Place(**row) for row in db.rows(sql, {"since": since, "most": MOST})]


def summed(db: Database, elsewhere: Elsewhere, calls: Sequence[Done]) -> dict[Key, Sum]:
    """For each hour: each place, the models as asked for, and the cheapest place of each call."""
    places = elsewhere.places(db, used(db)) if calls else []
    sums: defaultdict[Key, Sum] = defaultdict(lambda: Sum(0, 0, 0))
    best: dict[str, int] = {}
    asked: dict[str, int] = {}
    for place in places:
        for call, nano in zip(calls, elsewhere.costs(db, place, calls), strict=True):
            if nano is None:
                continue
            _count(sums, call, "model", place, nano)
            best[call.id] = min(nano, best.get(call.id, nano))
            if place.model == (call.asked_model or call.model):
                asked[call.id] = min(nano, asked.get(call.id, nano))
    nowhere = Place("", "")
    for call in calls:
        if call.id in best:
            _count(sums, call, "best", nowhere, best[call.id])
        if (nano := call.actual_nano if not call.asked_model else asked.get(call.id)) is not None:
            _count(sums, call, "requested", nowhere, nano)
    return sums


def _count(sums: defaultdict[Key, Sum], call: Done, kind: str, place: Place, nano: int) -> None:
    key = (call.finished_at[:13], kind, *place, call.simulated)
    before = sums[key]
    sums[key] = Sum(before.calls + 1, before.actual + call.actual_nano, before.nano + nano)


def _edge(db: Database, since: str, rolled: str, most: int) -> str:
    sql = """SELECT finished_at FROM calls WHERE finished_at >= :since AND finished_at < :rolled
    ORDER BY finished_at LIMIT 1 OFFSET :most"""
    found = db.value(sql, {"since": since, "rolled": rolled, "most": most})
    return rolled if found is None else clock.iso(clock.parse(found) + timedelta(microseconds=1))


def _add(db: Database, sums: dict[Key, Sum]) -> None:
    sql = """INSERT INTO usage_baselines (hour, kind, provider_id, model, simulated, calls, actual_nano, nano)
    VALUES (:hour, :kind, :provider_id, :model, :simulated, :calls, :actual, :nano)
    ON CONFLICT (hour, kind, provider_id, model, simulated) DO UPDATE SET
    calls = usage_baselines.calls + EXCLUDED.calls,
    actual_nano = usage_baselines.actual_nano + EXCLUDED.actual_nano, nano = usage_baselines.nano + EXCLUDED.nano"""
    names = ("hour", "kind", "provider_id", "model", "simulated")
    for key, found in sums.items():
        db.execute(sql, dict(zip(names, key, strict=True)) | found._asdict())


def _by_day(db: Database, days: set[str]) -> None:
    """The days anew out of their hours, of which there are few."""
    sql = """INSERT INTO usage_baseline_days (starts, kind, provider_id, model, simulated, calls, actual_nano, nano)
    SELECT SUBSTR(hour, 1, 10), kind, provider_id, model, simulated, CAST(SUM(calls) AS BIGINT),
    CAST(SUM(actual_nano) AS BIGINT), CAST(SUM(nano) AS BIGINT) FROM usage_baselines
    WHERE hour >= :day AND hour < :next GROUP BY 1, 2, 3, 4, 5"""
    for day in sorted(days):
        db.delete("usage_baseline_days", starts=day)
        db.execute(sql, {"day": day, "next": spans.after(day)})
