"""Prices a tenant sets itself, and lists it imports: dates, versions, and the question whether a price is meant."""

import json
from decimal import Decimal
from typing import Any

import pytest

from appliance import clock
from appliance.domain import events, price_imports, prices
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.price_forms import NewPrice, UnitPrices
from appliance.errors import Problem
from tests.world import World

OTTO = Actor("member", "o", "Otto", "operator")


def cost(usd: str, out: str = "") -> UnitPrices:
    return UnitPrices(Decimal(usd), Decimal(out or usd))


def listed(*models: tuple[str, str], version: str = "1", **more: Any) -> str:
    lines = [
        {"model": name, "prices": {"input_usd_per_mtok": usd, "output_usd_per_mtok": 15}, **more}
        for name, usd in models
    ]
    return json.dumps({"format": "agenthq-prices/1", "version": version, "models": lines})


def load(db: Any, text: str, confirm: bool = False) -> price_imports.Difference:
    return price_imports.apply(db, SYSTEM, price_imports.read(text), confirm)


def test_a_price_is_kept_with_its_dates_and_replaced_by_one_from_the_same_day(world: World) -> None:
    with world.db() as db:
        first = prices.put(db, SYSTEM, NewPrice("mine", cost("3"), "2026-03-01", "2026-04-01", note="spring"))
        assert (first.starts_at, first.ends_at) == ("2026-03-01T00:00:00.000000Z", "2026-04-01T00:00:00.000000Z")
        assert (first.note, first.created_by) == ("spring", SYSTEM.label)
        before = prices.version(db)
        second = prices.put(db, SYSTEM, NewPrice("mine", cost("4"), "2026-03-01"))
        prices.put(db, SYSTEM, NewPrice("mine", cost("5")))
        assert [one.prices.input_usd_per_mtok for one in prices.every(db)] == [Decimal(4), Decimal(5)]
        assert second.version != first.version
        assert prices.version(db) > before
        assert prices.remove(db, SYSTEM, second.id).id == second.id
        assert len(prices.every(db)) == 1
        assert {"price.set", "price.removed"} <= {event.kind for event in events.recent(db)}


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewPrice(" ", cost("1")), "model"),
        (NewPrice("m" * 201, cost("1")), "model"),
        (NewPrice("m", cost("-1", "1")), "input_usd_per_mtok"),
        (NewPrice("m", cost("NaN", "1")), "input_usd_per_mtok"),
        (NewPrice("m", cost("100001", "1")), "input_usd_per_mtok"),
        (
            NewPrice("m", UnitPrices(Decimal(1), Decimal(1), units_usd_per_1000={"x": Decimal(-1)})),
            "units_usd_per_1000",
        ),
        (NewPrice("m", UnitPrices(Decimal(1), Decimal(1), above_tokens=5)), "above"),
        (NewPrice("m", UnitPrices(Decimal(1), Decimal(1), tiers={"flex": cost("-1")})), "tiers"),
        (NewPrice("m", cost("1"), starts="soon"), "starts"),
        (NewPrice("m", cost("1"), "2026-03-02", "2026-03-01"), "ends"),
    ],
)
def test_what_can_be_no_price_is_refused_at_its_field(world: World, new: NewPrice, field: str) -> None:
    with world.db() as db:
        with pytest.raises(Problem) as refused:
            prices.put(db, SYSTEM, new)
        assert list(refused.value.errors) == [field]
        assert prices.every(db) == []


@pytest.mark.parametrize(
    ("known", "usd", "absurd"),
    [
        ((None, None), "1001", True),
        ((None, None), "999", False),
        ((Decimal(3), Decimal(3)), "300", True),
        ((Decimal(3), Decimal(3)), "299", False),
        ((Decimal(3), Decimal(3)), "0.03", True),
        ((Decimal(3), Decimal(3)), "0.04", False),
        ((Decimal(0), Decimal(0)), "5", False),
    ],
)
def test_a_price_out_of_all_proportion_has_to_be_meant(
    world: World, known: prices.Known, usd: str, absurd: bool
) -> None:
    with world.db() as db:
        new = NewPrice("m", cost(usd))
        if absurd:
            with pytest.raises(Problem) as asked:
                prices.put(db, SYSTEM, new, known)
            assert "confirm it" in asked.value.errors["confirm"]
            new = NewPrice("m", cost(usd), confirm=True)
        assert prices.put(db, SYSTEM, new, known).prices == cost(usd)


def test_only_those_who_configure_set_prices(world: World) -> None:
    with world.db() as db:
        for refused in (
            lambda: prices.put(db, OTTO, NewPrice("m", cost("1"))),
            lambda: prices.remove(db, OTTO, "x"),
            lambda: price_imports.apply(db, OTTO, price_imports.read(listed(("a", "1")))),
        ):
            with pytest.raises(Problem):
                refused()


def test_an_import_takes_the_place_of_the_one_before_and_says_what_it_changes(world: World) -> None:
    with world.db() as db:
        load(db, listed(("a", "1"), ("b", "2")))
        prices.put(db, SYSTEM, NewPrice("own", cost("7")))
        found = load(db, listed(("b", "3"), ("c", "4"), version="2"))
        assert [(change.what, change.model) for change in found.changes] == [
            ("added", "c"),
            ("changed", "b"),
            ("removed", "a"),
        ]
        assert (found.changes[1].before, found.changes[1].after) == ("$2 in, $15 out", "$3 in, $15 out")
        assert [one.model for one in prices.every(db, "import")] == ["b", "c"]
        assert {one.version for one in prices.every(db, "import")} == {"import 2"}
        assert [one.model for one in prices.every(db)] == ["own"], "the tenant's own prices are not touched"
        last = price_imports.last(db)
        assert last is not None
        assert (last.version, last.models) == ("2", 2)


def test_looking_at_an_import_changes_nothing(world: World) -> None:
    with world.db() as db:
        found = price_imports.difference(db, price_imports.read(listed(("a", "1"))))
        assert (found.added, found.models) == (1, 1)
        assert prices.every(db, "import") == []
        assert price_imports.last(db) is None


def test_a_version_has_one_content(world: World) -> None:
    with world.db() as db:
        load(db, listed(("a", "1")))
        assert load(db, listed(("a", "1"))).changed == 0
        with pytest.raises(Problem, match="with other content"):
            load(db, listed(("a", "2")))


def test_a_jump_in_an_imported_price_has_to_be_meant(world: World) -> None:
    with world.db() as db:
        load(db, listed(("a", "1")))
        with pytest.raises(Problem) as asked:
            load(db, listed(("a", "100"), version="2"))
        assert "confirm" in asked.value.errors
        assert load(db, listed(("a", "100"), version="2"), confirm=True).doubtful == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"format": "other/1", "version": "1", "models": []}',
        '{"format": "agenthq-prices/1", "version": "1", "models": []}',
        listed(("a", "1"), version=" "),
        listed(("a", "-1")),
        listed(("a", "much")),
        listed((" ", "1")),
        listed(("a", "1"), ("a", "2")),
        listed(("a", "1"), surprise=1),
        listed(("a", "1"), **{"from": "soon"}),
        listed(("a", "1"), **{"from": "2026-02-01", "until": "2026-01-01"}),
    ],
)
def test_a_file_that_is_no_price_list_is_refused_in_words(text: str) -> None:
    with pytest.raises(Problem) as refused:
        price_imports.read(text)
    assert set(refused.value.errors) == {"file"}


def test_dates_of_a_list_are_days_in_utc(world: World) -> None:
    with world.db() as db:
        load(db, listed(("a", "1"), **{"from": "2026-01-01", "until": "2026-07-01T12:00:00+02:00"}))
        (one,) = prices.every(db, "import")
        assert (one.starts_at, one.ends_at) == ("2026-01-01T00:00:00.000000Z", "2026-07-01T10:00:00.000000Z")
        assert not one.holds(clock.iso(clock.parse("2025-12-31T23:59:00Z")))
