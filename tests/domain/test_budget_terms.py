"""Budgets on rolling spans and weeks, set back, and told of; what a person is asked about them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import (
    budget_alerts,
    budget_marks,
    budgets,
    events,
    key_terms,
    keys,
    ledger,
    limits,
    providers,
    zones,
)
from appliance.domain.actor import SYSTEM
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget
from appliance.domain.budgets import NANO, Budget
from appliance.domain.key_forms import KeyChange, NewKey
from appliance.domain.ledger import Attempt, Opening
from appliance.domain.provider_forms import NewProvider
from appliance.domain.scopes import Scope
from appliance.errors import Problem
from tests.domain.scheduling import NOON
from tests.domain.spending import TENANT, Spent, book
from tests.world import World

# What a call of these tests holds while it is open.
UNIT = 1_000
# A Monday.
START = clock.parse(NOON)


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as opened, clock.moved(START, START + timedelta(days=90)):
        yield opened


def limit(db: Database, span: str, nano: int = 100 * UNIT) -> Budget:
    budgets.put(db, SYSTEM, "tenant", "", span, nano)
    return only(db)


def only(db: Database) -> Budget:
    [budget] = budgets.all(db)
    return budget


def spend(db: Database, units: int) -> None:
    book(db, Spent(units * UNIT))


def used(db: Database) -> int:
    return only(db).spent_nano // UNIT


def after(**passed: float) -> None:
    clock.go_on(clock.now() + timedelta(**passed))


@pytest.mark.parametrize(("span", "inside"), [("5h", 5), ("24h", 24), ("7d", 7 * 24), ("30d", 30 * 24)])
def test_a_rolling_span_forgets_what_lies_further_back(db: Database, span: str, inside: int) -> None:
    limit(db, span)
    spend(db, 60)
    after(hours=inside)
    assert used(db) == 60
    spend(db, 30)
    # The steps are quarters of an hour, or whole hours for days.
    after(minutes=60 if span in ("7d", "30d") else 15)
    assert used(db) == 30


def test_a_week_begins_on_monday_by_the_tenants_clock(db: Database) -> None:
    zones.change(db, SYSTEM, "America/New_York")
    limit(db, "week")
    spend(db, 10)
    after(days=6)
    spend(db, 20)
    assert (used(db), only(db).starts[:16], str(only(db).ends)[:16]) == (
        30,
        "2027-01-04T05:00",
        "2027-01-11T05:00",
    )
    after(days=1)
    assert used(db) == 0


def test_another_zone_counts_the_days_of_the_week_anew(db: Database) -> None:
    limit(db, "week")
    for _ in range(3):
        spend(db, 10)
        after(hours=11)
    for zone in ("Pacific/Kiritimati", "America/St_Johns", "UTC"):
        zones.change(db, SYSTEM, zone)
        assert used(db) == 30, zone


@pytest.mark.parametrize("span", ["hour", "day", "week", "month", "lifetime", "5h", "24h", "7d", "30d"])
def test_setting_back_counts_from_nought_and_tells_who_did_it(db: Database, span: str) -> None:
    limit(db, span)
    spend(db, 70)
    again = limits.reset(db, SYSTEM, only(db).id)
    assert (again.spent_nano, again.left_nano, again.set_back) == (0, 100 * UNIT, True)
    spend(db, 20)
    assert used(db) == 20
    assert limits.reset(db, SYSTEM, again.id).spent_nano == 0
    told = [event for event in events.recent(db) if event.kind == "budget.reset"]
    assert [(event.actor, event.data["spent_nano"] // UNIT) for event in told] == [
        ("system:system", 20),
        ("system:system", 70),
    ]


def test_what_was_set_back_does_not_come_back_when_the_span_moves_on(db: Database) -> None:
    limit(db, "5h")
    spend(db, 70)
    limits.reset(db, SYSTEM, only(db).id)
    for _ in range(24):
        after(minutes=15)
        assert used(db) == 0
    spend(db, 5)
    assert used(db) == 5


def test_an_edit_keeps_what_is_spent_and_what_the_budget_does(db: Database) -> None:
    limits.create(db, SYSTEM, NewBudget("tenant", "month", "1", action="block", strict=True))
    spend(db, 70)
    changed = limits.change(db, SYSTEM, only(db).id, BudgetChange("2"))
    assert changed
    assert (changed.spent_nano, changed.action, changed.strict) == (70 * UNIT, "block", True)
    assert limits.change(db, SYSTEM, changed.id, BudgetChange("2", action="pause")).action == "pause"  # type: ignore[union-attr]


def test_a_step_down_needs_a_model_that_somebody_serves(db: Database, world: World) -> None:
    new = NewBudget("tenant", "month", "1", action="downgrade", downgrade_to="sim-basic")
    with pytest.raises(Problem) as refused:
        limits.create(db, SYSTEM, new)
    assert list(refused.value.errors) == ["downgrade_to"]
    made = providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
    served = limits.create(
        db, SYSTEM, NewBudget("tenant", "month", "1", action="downgrade", downgrade_to=made.models[0])
    )
    assert served.downgrade_to == made.models[0]


def test_more_once_on_a_rolling_span_lasts_as_long_as_the_span(db: Database) -> None:
    limit(db, "5h", NANO)
    raised = limits.allow_once(db, SYSTEM, only(db).id, Extra("1"))
    assert raised.extra_until == clock.ahead(5 * 3600)
    after(hours=6)
    assert only(db).allowed_nano == NANO


def test_each_threshold_is_told_once_in_a_span(db: Database) -> None:
    limit(db, "24h")
    for nano, minutes in ((50, 1), (5, 20), (30, 20), (14, 20), (1, 20)):
        spend(db, nano)
        budget_alerts.note(db, TENANT)
        after(minutes=minutes)
    told = [event.data["percent"] for event in events.recent(db) if event.kind == "budget.alert"]
    assert told == [100, 80, 50]
    after(hours=49)
    spend(db, 55)
    budget_alerts.note(db, TENANT)
    assert [event.data["percent"] for event in events.recent(db) if event.kind == "budget.alert"][0] == 50


def test_an_hour_three_times_the_usual_one_is_told_once(db: Database) -> None:
    for _ in range(13):
        book(db, Spent(NANO))
        after(hours=1)
    book(db, Spent(2 * NANO))
    budget_alerts.note_hour(db)
    assert [event for event in events.recent(db) if event.kind == "spend.unusual"] == []
    book(db, Spent(NANO))
    for _ in range(3):
        budget_alerts.note_hour(db)
    [told] = [event for event in events.recent(db) if event.kind == "spend.unusual"]
    assert told.data == {"spent_nano": 3 * NANO, "usual_nano": NANO}


def test_where_a_span_is_heading(db: Database) -> None:
    limit(db, "day")
    spend(db, 60)
    assert budget_marks.forecast(only(db), clock.now()) == 120 * UNIT
    assert budget_marks.forecast(limits_of(db, "24h"), clock.now()) is None
    clock.go_on(START + timedelta(days=1, minutes=-719))
    assert budget_marks.forecast(limits_of(db, "day"), clock.now()) is None


def limits_of(db: Database, span: str) -> Budget:
    budgets.put(db, SYSTEM, "tenant", "", span, 100 * UNIT)
    return next(budget for budget in budgets.all(db) if budget.span == span)


def test_spend_goes_to_where_an_attempt_was_sent(db: Database) -> None:
    on = (Scope("tenant", ""), Scope("provider", "p-1"), Scope("model", "a"))
    call_id = ledger.open_call(db, Opening("p-1", "a", False, 9, "test", on))
    with db.transaction():
        ledger.settle(db, call_id, [Attempt("p-1", "a", cost_nano=2), Attempt("p-2", "b", cost_nano=5)])
    for scope, scope_id, nano in (("provider", "p-1", 2), ("provider", "p-2", 5), ("model", "b", 5), ("tenant", "", 7)):
        budgets.put(db, SYSTEM, scope, scope_id, "day", 100)
        assert budgets.of(db, scope, scope_id)[0].spent_nano == nano


def test_a_keys_budget_is_one_that_stops(db: Database, world: World) -> None:
    with world.control() as control:
        key = key_terms.issue(control, db, world.alice.actor, world.acme.id, NewKey("Tool", budget_usd="2"))
        [budget] = budgets.of(db, "key", key.id)
        assert (budget.limit_nano, budget.span) == (2 * NANO, "lifetime")
        for said, held in (("3", [3 * NANO]), (None, [])):
            change = KeyChange(budget_usd=said)
            key_terms.change(control, db, world.alice.actor, world.acme.id, key.id, change)
            assert [found.limit_nano for found in budgets.of(db, "key", key.id)] == held
        plain = keys.create(control, world.alice.actor, world.acme.id, NewKey("Bare", budget_usd="1"))
        # Made in one database and cut off before the other: the desk sees to it.
        key_terms.secure(db, SYSTEM, plain)
        key_terms.secure(db, SYSTEM, plain)
        assert [found.limit_nano for found in budgets.of(db, "key", plain.id)] == [NANO]
