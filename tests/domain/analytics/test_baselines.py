from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import preferences
from appliance.domain.actor import SYSTEM
from appliance.domain.analytics import baselines, marks, rollups, savings
from appliance.domain.analytics.baselines import Done, Place
from tests.domain.analytics.booking import Past, put, some
from tests.world import World

FIRST = datetime(2026, 11, 20, tzinfo=UTC)
SPAN = ("2026-11-20", "2026-11-23")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DEAR, CHEAP = Place("p-1", "dear"), Place("p-2", "cheap")


class PerToken:
    """Charges by the token, and takes only so large a call; what is simulated stays so."""

    def __init__(self, nano: dict[Place, int], most: dict[Place, int] | None = None, simulated: bool = False) -> None:
        self._nano = nano
        self._most = most or {}
        self._simulated = simulated

    def places(self, db: Database, used: Sequence[Place]) -> list[Place]:
        return list(self._nano)

    def costs(self, db: Database, place: Place, calls: Sequence[Done]) -> list[int | None]:
        most = self._most.get(place, 10**9)
        return [
            c.input_total * self._nano[place] if c.input_total <= most and c.simulated == self._simulated else None
            for c in calls
        ]


def compared(db: Database, elsewhere: PerToken) -> savings.Savings:
    rollups.roll_all(db)
    while baselines.compare(db, elsewhere):
        pass
    return savings.of(db, *SPAN)


def test_saved_is_what_the_dearest_model_would_have_cost_less_what_was_paid(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(FIRST, 300, "p-2", "cheap", input_total=100))
        put(db, Past(FIRST, 50, "p-2", "cheap", state="failed", failure_code="provider_error"))
        found = compared(db, PerToken({DEAR: 10, CHEAP: 3}))
        assert found.chosen and (found.chosen.model, found.chosen.kind) == ("dear", "model")
        assert (found.chosen.actual_nano, found.chosen.nano) == (350, 1_050), "what failed keeps what it cost"
        assert (found.chosen.saved_nano, found.chosen.saved_percent) == (700, 66.67)
        assert (found.chosen.covered, found.chosen.answered, found.chosen.coverage) == (1, 1, 1.0)
        assert found.best and found.best.nano == 350
        assert savings.by_day(db, *SPAN, found.chosen) == {"2026-11-20": 700}


def test_savings_may_be_negative_and_have_no_percent_on_nothing(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(FIRST, 2_000, "p-1", "dear"))
        lost = compared(db, PerToken({CHEAP: 3})).chosen
        assert lost and (lost.saved_nano, lost.saved_percent) == (-1_700, -566.67)
    with world.db() as db, clock.frozen(NOON):
        rollups.rebuild(db)
        free = compared(db, PerToken({CHEAP: 0})).chosen
        assert free and (free.nano, free.saved_nano, free.saved_percent) == (0, -2_000, None)


def test_what_a_model_can_not_do_keeps_its_cost_and_lowers_the_coverage(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(FIRST, 300, "p-2", "cheap", input_total=100))
        put(db, Past(FIRST, 9_000, "p-2", "cheap", input_total=3_000))
        found = compared(db, PerToken({DEAR: 10}, {DEAR: 1_000}))
        [dear] = found.models
        assert (dear.nano, dear.coverage) == (10_000, 0.5)
        assert found.highest is None and found.chosen is None, "half is no measure for all"


def test_calls_without_a_price_are_compared_with_nothing(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(FIRST, None, cost_source="unpriced"))
        put(db, Past(FIRST, 100))
        [dear] = compared(db, PerToken({DEAR: 10})).models
        assert (dear.covered, dear.answered) == (1, 2)


def test_the_models_asked_for_are_a_baseline_of_their_own(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(FIRST, 300, "p-2", "cheap", asked_model="dear"))
        put(db, Past(FIRST, 300, "p-2", "cheap"))
        put(db, Past(FIRST, 300, "p-2", "cheap", asked_model="an-alias"))
        asked = compared(db, PerToken({DEAR: 10, CHEAP: 3})).requested
        assert asked and (asked.covered, asked.nano) == (2, 1_000 + 300 + 300)


def test_a_pinned_model_is_the_measure(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(FIRST, 300, "p-2", "cheap"))
        preferences.put(db, SYSTEM, savings.PINNED, "Removed account/cheap")
        found = compared(db, PerToken({DEAR: 10, CHEAP: 3}))
        assert found.chosen and found.chosen.model == "cheap"
        assert found.highest and found.highest.model == "dear"


@pytest.mark.parametrize("both", [False, True])
def test_simulated_calls_stand_apart(world: World, both: bool) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(FIRST, 300, simulated=True, cost_source="simulated"))
        if both:
            put(db, Past(FIRST, 400))
        found = compared(db, PerToken({DEAR: 10}, simulated=not both))
        assert found.simulated is not both
        assert [b.actual_nano for b in found.models] == [400 if both else 300]


def test_a_process_that_dies_in_between_compares_nothing_twice(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        for past in some(3, 40, FIRST, 60):
            put(db, past)
        want = compared(db, PerToken({DEAR: 10, CHEAP: 3}))
        rollups.rebuild(db)
        assert marks.get(db, "compared") == ""
        with pytest.raises(ZeroDivisionError), db.transaction():
            baselines.compare(db, PerToken({DEAR: 10, CHEAP: 3}), most=5)
            raise ZeroDivisionError
        while baselines.compare(db, PerToken({DEAR: 10, CHEAP: 3}), most=5):
            pass
        assert savings.of(db, *SPAN) == want


def test_a_new_price_is_compared_anew(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        for hours in (0, 5):
            call_id = put(db, Past(FIRST + timedelta(hours=hours), 300))
        prices = PerToken({DEAR: 10})
        assert [b.saved_nano for b in compared(db, prices).models] == [1_400]
        with db.transaction():
            db.update("calls", {"id": call_id}, cost_nano=100)
            rollups.correct(db, [clock.iso(FIRST + timedelta(hours=5))])
        [found] = compared(db, prices).models
        assert found.saved_nano == 1_600
        assert savings.by_day(db, *SPAN, found) == {"2026-11-20": 1_600}
        assert db.value("SELECT COUNT(*) AS n FROM usage_stale") == 0


def test_what_is_not_compared_yet_keeps_its_cost(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        put(db, Past(FIRST, 300))
        before = compared(db, PerToken({DEAR: 10})).models[0]
        put(db, Past(NOON, 70))
        after = savings.of(db, *SPAN).models[0]
        assert (after.nano, after.saved_nano) == (before.nano + 70, before.saved_nano)
        assert (after.covered, after.answered) == (1, 2)
