"""A month of the box: cost, price and margin of each tenant."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain.actor import SYSTEM
from appliance.domain.economics import costing, months, unit_prices
from appliance.domain.economics.shapes import Line, Month
from appliance.domain.economics.unit_prices import Change
from appliance.errors import Problem
from tests.domain.economics.using import GB, HOUR_NS, november, read, used
from tests.world import World

USD = 10**9


def month_of(world: World, **prices: str) -> Month:
    with world.control() as control:
        unit_prices.change(control, SYSTEM, Change(**prices))
        with november(control):
            found = months.of(control)
    assert found
    return found


def line(found: Month, slug: str) -> Line:
    return next(one for one in found.lines if one.slug == slug)


def test_nothing_measured_is_no_month(world: World) -> None:
    with world.control() as control:
        assert months.of(control) is None
        assert months.months(control) == []


def test_use_times_prices_is_cost(world: World) -> None:
    with world.control() as control:
        control.update("tenants", {"slug": "acme"}, plan="starter")
        used(control, world.acme.id, request_ns=HOUR_NS, work_ns=HOUR_NS, bytes_out=3 * GB, pages=1, gateway=1_999_999)
        read(control, world.acme.id, bytes=4 * GB, models_nano=USD, simulated_nano=5 * USD)
        read(control, world.acme.id, "2026-11-06", bytes=6 * GB)
    found = month_of(
        world,
        cpu_hour_usd="0.5",
        storage_gb_month_usd="0.1",
        traffic_gb_usd="0.2",
        million_requests_usd="1",
        machine_month_usd="10",
        customer_month_usd="0.3",
    )
    acme = line(found, "acme")
    assert (acme.cpu_nano, acme.storage_nano, acme.traffic_nano) == (USD, USD // 2, 6 * USD // 10)
    assert (acme.requests_nano, acme.other_nano, acme.shared_nano) == (2 * USD, 3 * USD // 10, 5 * USD)
    assert acme.cost_nano == 9_400_000_000
    assert (acme.price_nano, acme.margin_nano, acme.margin_percent) == (49 * USD, 39_600_000_000, 80.8)
    assert (acme.models_nano, acme.simulated_nano) == (USD, 5 * USD)
    assert (found.priced, found.revenue_nano) == (1, 49 * USD)


def test_a_price_agreed_with_the_tenant_is_not_invented(world: World) -> None:
    found = month_of(world)
    assert (found.priced, found.revenue_nano, found.margin_nano) == (0, None, None)
    assert line(found, "acme").margin_percent is None
    assert line(found, "acme").cost_nano == 10 * USD


def test_model_calls_cost_the_box_only_where_it_pays_them(world: World) -> None:
    with world.control() as control:
        read(control, world.acme.id, models_nano=2 * USD, simulated_nano=7 * USD)
    assert line(month_of(world), "acme").cost_nano == 10 * USD
    assert line(month_of(world, models="box"), "acme").cost_nano == 12 * USD


@pytest.mark.parametrize(("share", "acme"), [("evenly", 10 * USD), ("cpu", 15 * USD), ("requests", 5 * USD)])
def test_the_machine_is_shared_out_by_the_rule(world: World, share: str, acme: int) -> None:
    with world.control() as control:
        used(control, world.acme.id, work_ns=3_000_000, pages=1)
        used(control, world.globex.id, work_ns=1_000_000, pages=3)
    assert line(month_of(world, share=share), "acme").shared_nano == acme


def test_a_tenant_pays_from_its_first_day(world: World) -> None:
    with world.control() as control, november(control):
        control.update("tenants", {"slug": "acme"}, created_at="2026-11-21T08:00:00.000000Z", plan="starter")
        found = months.of(control, "2026-11")
        assert found
        assert (line(found, "acme").days, line(found, "acme").price_nano) == (10, 49 * USD // 3)
        assert line(found, "acme").shared_nano * 3 == line(found, "globex").shared_nano


def test_a_month_counts_from_the_day_that_was_measured_first(world: World) -> None:
    with world.control() as control, november(control):
        control.delete("tenant_use", day="2026-11-01")
        used(control, world.acme.id, "2026-11-16", pages=1)
        found = months.of(control)
        assert found
        assert (found.first, found.last, found.days, found.month_days) == ("2026-11-16", "2026-11-30", 15, 30)
        assert found.total.cost_nano == 10 * USD
        assert months.of(control, "2026-10") is None


def test_what_a_removed_tenant_used_stays_in_the_sum(world: World) -> None:
    with world.control() as control:
        used(control, "gone", work_ns=HOUR_NS)
    found = month_of(world)
    assert [one.name for one in found.lines if not one.slug] == ["A removed tenant"]
    assert found.total.cpu_nano == found.prices.cpu_hour_nano


@pytest.mark.parametrize("month", ["2026", "2026-13", "2026-1", "x", "0000-01"])
def test_a_month_that_is_none_is_refused(world: World, month: str) -> None:
    with world.control() as control, pytest.raises(Problem) as caught:
        months.of(control, month)
    assert "month" in caught.value.errors


@pytest.mark.parametrize(
    "given",
    [{"cpu_hour_usd": "x"}, {"cpu_hour_usd": "-1"}, {"cpu_hour_usd": "nan"}, {"share": "luck"}, {"models": "nobody"}],
)
def test_a_price_that_is_none_is_refused_at_its_field(world: World, given: dict[str, str]) -> None:
    with world.control() as control:
        with pytest.raises(Problem) as caught:
            unit_prices.change(control, SYSTEM, Change(**given))
        assert set(caught.value.errors) == set(given)
        assert unit_prices.of(control) == unit_prices.UnitPrices()


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**12), min_size=1, max_size=40))
def test_what_is_shared_out_is_whole(nano: int, weights: list[int]) -> None:
    parts = costing.shared_out(nano, weights)
    assert sum(parts) == nano
    assert min(parts) >= 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**14), st.integers(0, 10**12)), min_size=2, max_size=2), st.data())
def test_costs_add_up_to_what_everything_costs(
    world: World, counted: list[tuple[int, int]], data: st.DataObject
) -> None:
    with world.control() as control:
        control.execute("DELETE FROM tenant_use")
        for tenant, (work_ns, bytes_out) in zip((world.acme, world.globex), counted, strict=True):
            used(control, tenant.id, work_ns=work_ns, bytes_out=bytes_out)
    found = month_of(world, share=data.draw(st.sampled_from(sorted(unit_prices.SHARES))))
    own = sum(one.cost_nano - one.shared_nano for one in found.lines)
    assert found.total.cost_nano == found.own.cost_nano + own
    for name in msgspec.structs.asdict(found.total):
        assert getattr(found.total, name) == sum(getattr(one, name) for one in found.lines)
