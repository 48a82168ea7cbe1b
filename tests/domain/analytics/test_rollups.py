from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.analytics import accepting, details, latencies, marks, pricing, pruning, rollups, trends, usage
from appliance.domain.task_forms import NewTask
from tests.domain.analytics.booking import Past, put, some
from tests.world import World

FIRST = datetime(2026, 11, 20, tzinfo=UTC)
SPAN = ("2026-11-20", "2026-11-23")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def everything(db: Database) -> list[Any]:
    """All that the rollups tell, down to each line."""
    ways = [usage.breakdown(db, by, *SPAN) for by in (*usage.BY, *details.BY)]
    narrowed = [usage.total(db, *SPAN, {"model": "gpt", "kind": "support"})]
    hours = trends.trend(db, "hour", *SPAN)
    return [usage.total(db, *SPAN), ways, narrowed, hours, latencies.of(db, *SPAN, "model"), pricing.of(db, *SPAN)]


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_the_same_wherever_the_adding_up_stands(world: World, seed: int) -> None:
    with world.db() as db, clock.frozen(NOON):
        for past in some(seed, 60, FIRST, 84):
            put(db, past)
        plain = everything(db)
        assert plain[0].calls == 60
        for hours in (7.5, 31, 60.25):
            rollups.roll(db, clock.iso(FIRST + timedelta(hours=hours)), most=7)
            assert everything(db) == plain
        assert rollups.roll_all(db) > 0
        assert everything(db) == plain
        assert marks.get(db, "rolled") == clock.ahead(-rollups.MARGIN_S)
        assert rollups.rebuild(db) == 60
        assert everything(db) == plain


def test_every_breakdown_and_trend_adds_up_to_the_total(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        for past in some(5, 80, FIRST, 84):
            put(db, past)
        rollups.roll(db, clock.iso(FIRST + timedelta(hours=40)))
        total = usage.total(db, *SPAN)
        for by in (*usage.BY, *details.BY):
            assert usage.summed(usage.breakdown(db, by, *SPAN)) == total, by
        for every in trends.EVERY:
            assert usage.summed(trends.trend(db, every, *SPAN)) == total, every
        assert sum(line.calls for line in pricing.of(db, *SPAN)) == total.calls
        assert sum(line.cost_nano for line in pricing.of(db, *SPAN)) == total.cost_nano


def test_a_job_that_dies_in_between_has_added_nothing(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        for past in some(1, 20, FIRST, 24):
            put(db, past)
        plain = everything(db)
        with pytest.raises(ZeroDivisionError), db.transaction():
            rollups.roll(db)
            raise ZeroDivisionError
        assert marks.get(db, "rolled") == ""
        assert db.value("SELECT COUNT(*) AS n FROM usage_hours") == 0
        rollups.roll_all(db)
        assert everything(db) == plain


def test_calls_of_one_moment_are_in_one_slice(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        for _ in range(9):
            put(db, Past(FIRST))
        assert [rollups.roll(db, most=4), rollups.roll(db, most=4)] == [9, 0]
        assert usage.total(db, *SPAN).calls == 9
        assert db.value("SELECT COUNT(*) AS n FROM usage_slice") == 0


def test_a_new_price_corrects_its_hour_and_day(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        ids = [put(db, past) for past in some(2, 30, FIRST, 60)]
        rollups.roll_all(db)
        with db.transaction():
            times = []
            for call_id in ids[:3]:
                db.update("calls", {"id": call_id}, cost_nano=5)
                times.append(db.value("SELECT finished_at FROM calls WHERE id = :id", {"id": call_id}))
            rollups.correct(db, times)
        kept = everything(db)
        rollups.rebuild(db)
        assert everything(db) == kept
        assert rollups.wrong_hours(db) == []


def test_what_slipped_in_behind_is_found_and_healed(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(FIRST, 10))
        rollups.roll_all(db)
        put(db, Past(FIRST + timedelta(hours=2), 32))
        assert usage.total(db, *SPAN).cost_nano == 10
        assert rollups.wrong_hours(db) == ["2026-11-20T02"]
        assert rollups.heal(db) == 1
        assert usage.total(db, *SPAN).cost_nano == 42
        assert rollups.heal(db) == 0


def test_forgetting_calls_changes_no_total_of_days(world: World) -> None:
    long_ago = NOON - timedelta(days=120)
    with world.db() as db, clock.frozen(NOON):
        for past in some(4, 40, long_ago, 24 * 60):
            put(db, past)
        span = (clock.iso(long_ago)[:10], SPAN[1])
        ways = [by for by in usage.BY if by != "day"]
        before = [usage.total(db, *span), *(usage.breakdown(db, by, *span) for by in (*ways, "day"))]
        assert pruning.prune(db) == 0, "nothing goes that is not added up"
        rollups.roll_all(db)
        assert pruning.prune(db) > 0
        assert [usage.total(db, *span), *(usage.breakdown(db, by, *span) for by in (*ways, "day"))] == before
        assert not db.value(
            "SELECT COUNT(*) AS n FROM attempts a LEFT JOIN calls c ON c.id = a.call_id WHERE c.id IS NULL"
        )
        assert rollups.heal(db) == 0, "what was forgotten is not missing"
        rollups.rebuild(db)
        assert usage.total(db, *span) == before[0]
        sessions = usage.breakdown(db, "session", *span)
        assert usage.summed(sessions) == before[0], "what is forgotten is among all others"


def test_days_are_forgotten_after_two_years(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(NOON - timedelta(days=735), 7))
        put(db, Past(NOON - timedelta(days=700), 5))
        rollups.roll_all(db)
        pruning.prune(db)
        assert usage.total(db, "2020-01-01", SPAN[1]).cost_nano == 5
        assert usage.summed(usage.breakdown(db, "agent", "2020-01-01", SPAN[1])).cost_nano == 5


def test_an_accepted_task_costs_the_same_before_and_after(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        made = [tasks.create(db, SYSTEM, NewTask(title)) for title in "ABC"]
        for n, past in enumerate(some(6, 30, FIRST, 60)):
            put(db, msgspec.structs.replace(past, task_id=made[n % 3].id, task_kind="support"))
        for task in made[:2]:
            db.update("tasks", {"id": task.id}, state="done", finished_at=clock.iso(NOON - timedelta(hours=1)))
        plain = accepting.accepted(db, *SPAN), accepting.by_kind(db, *SPAN)
        assert plain[0].tasks == 2 and plain[1]["support"] == plain[0]
        rollups.roll(db, clock.iso(FIRST + timedelta(hours=30)))
        assert (accepting.accepted(db, *SPAN), accepting.by_kind(db, *SPAN)) == plain
        rollups.roll_all(db)
        assert (accepting.accepted(db, *SPAN), accepting.by_kind(db, *SPAN)) == plain


def test_what_caches_saved_is_the_input_at_its_own_price_less_what_was_paid(world: World) -> None:
    unit = (3_000_000_000, 15_000_000_000, 300_000_000)
    # 1,000 in, of them 800 read: 200 × $3 + 800 × $0.30 + 10 × $15 for a million.
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(NOON, 990_000, input_total=1_000, cache_read=800, output_total=10, unit=unit))
        put(db, Past(NOON, 990_000, input_total=1_000, output_total=10, unit=unit))
        assert usage.total(db, *SPAN).cached_nano == 3_150_000 - 990_000
