"""The cost of a customer against their number, and the claim about it."""

import msgspec
import pytest

from appliance.domain.economics import assumptions, claim, plan_prices, projection, typical
from appliance.domain.economics.typical import Typical
from appliance.domain.economics.unit_prices import UnitPrices
from appliance.errors import Problem
from tests.domain.economics.test_months import month_of
from tests.domain.economics.using import GB, HOUR_NS, read, used
from tests.world import World

USD = 10**9
LIGHT = Typical(cpu_seconds="600", own_seconds="0", kept_mb="50", sent_mb="100", requests="5000")


def test_what_is_typical_is_the_mean_of_a_whole_month(world: World) -> None:
    with world.control() as control:
        used(control, world.acme.id, work_ns=2 * HOUR_NS, bytes_out=GB, pages=10)
        used(control, "", work_ns=HOUR_NS)
        read(control, world.acme.id, bytes=GB)
    on = typical.of(month_of(world))
    assert (on.cpu_seconds, on.own_seconds, on.kept_mb, on.sent_mb, on.requests) == ("3600", "1800", "500", "500", "5")


def test_without_a_measurement_nothing_is_assumed() -> None:
    assert assumptions.assumed(None, {}) is None
    assert assumptions.assumed(None, {"cpu_seconds": "600"}) is None
    given = {name: getattr(LIGHT, name) for name in assumptions.MEASURED}
    assert assumptions.assumed(None, given) == LIGHT


@pytest.mark.parametrize("name", [one.name for one in assumptions.ASSUMPTIONS])
@pytest.mark.parametrize("text", ["many", "-1", "inf"])
def test_an_assumption_that_is_no_number_is_refused_at_its_field(name: str, text: str) -> None:
    with pytest.raises(Problem) as caught:
        assumptions.assumed(None, {name: text})
    assert set(caught.value.errors) == {name}


def test_the_machine_is_shared_by_more_and_more_until_there_is_another() -> None:
    points = projection.project(UnitPrices(), msgspec.structs.replace(LIGHT, most_customers="500")).points
    found = {point.customers: point for point in points}
    assert found[1].each_nano == 20 * USD + found[1].use_nano
    assert (found[500].machines, found[1000].machines, found[2000].machines) == (1, 2, 4)
    assert found[1000].machine_nano == 40_000_000
    assert all(point.use_nano == found[1].use_nano for point in points)


def test_processor_time_fills_a_machine_too() -> None:
    heavy = msgspec.structs.replace(LIGHT, cpu_seconds=str(730 * 3600))
    found = {p.customers: p.machines for p in projection.project(UnitPrices(), heavy).points}
    assert (found[1], found[2], found[10]) == (1, 2, 10)


def test_each_clause_of_the_claim_says_where_it_holds() -> None:
    points = projection.project(UnitPrices(), LIGHT).points
    cost, price, margin, falling = claim.check(points, plan_prices.DEFAULTS)
    assert cost.verdict == "partly"
    assert "Dearer than claimed with up to 2" in cost.said
    assert "Cheaper than claimed from 50 on" in cost.said
    assert (price.verdict, margin.verdict, falling.verdict) == ("holds", "partly", "holds")
    assert "does not fall" in falling.said


def test_the_claim_fails_where_figures_say_so() -> None:
    dear = msgspec.structs.replace(LIGHT, price_usd="0")
    points = projection.project(UnitPrices(customer_month_nano=90 * USD), dear).points
    verdicts = [clause.verdict for clause in claim.check(points, {"free": 0})]
    assert verdicts == ["fails", "fails", "fails", "holds"]
