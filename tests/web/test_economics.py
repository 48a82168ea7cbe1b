"""The economics of the box: one set of figures on the page, over HTTP and in the file; for its owners alone."""

import csv
import io
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain.economics import unit_prices
from tests.domain.economics.using import november, read, used
from tests.world import World

PAGE, API = "/box/economics", "/api/v1/box/economics"
PATHS = (
    PAGE,
    f"{PAGE}/month.csv",
    f"{PAGE}/projection.csv",
    API,
    f"{API}/export",
    f"{API}/prices",
    f"{API}/projection",
)
TYPICAL = {"cpu_seconds": "600", "own_seconds": "0", "kept_mb": "50", "sent_mb": "100", "requests": "5000"}
PRICES = {name: "1" for name in unit_prices.Change.__struct_fields__} | {"share": "cpu", "models": "box"}


@pytest.fixture
def measured(world: World) -> Iterator[World]:
    with world.control() as control, november(control):
        control.execute("UPDATE sessions SET expires_at = '2030-01-01T00:00:00.000000Z'")
        control.update("tenants", {"slug": "acme"}, plan="starter")
        used(control, world.acme.id, pages=3, request_ns=4 * 10**9, bytes_out=10**8)
        read(control, world.acme.id, bytes=5 * 10**7, models_nano=12_345)
        yield world


@pytest.mark.parametrize("path", PATHS)
def test_charlie_gets_404(world: World, path: str) -> None:
    assert world.charlie.get(path).status_code == 404


def test_charlie_sets_no_price(world: World) -> None:
    assert world.charlie.post(f"{PAGE}/prices", data=PRICES).status_code == 404
    assert world.charlie.put(f"{API}/prices", json={"share": "cpu"}).status_code == 404
    assert world.charlie.post(f"{PAGE}/read").status_code == 404


def test_without_a_measurement_there_is_no_number(world: World) -> None:
    page = world.alice.get(PAGE)
    assert page.status_code == 200
    assert "Nothing is measured in this month" in page.text
    assert "Nothing to project from" in page.text
    assert world.alice.get(API).json() == {"months": [], "found": None}
    assert world.alice.get(f"{API}/projection").json()["projection"] is None


def test_assumptions_alone_make_a_projection_that_says_so(world: World) -> None:
    page = world.alice.get(PAGE, params=TYPICAL)
    assert "Cost of each customer by their number" in page.text
    assert "Nothing of this is measured here" in page.text
    assert world.alice.get(f"{API}/projection", params=TYPICAL).json()["measured"] is False


def test_a_wrong_assumption_is_told_at_its_field_and_kept(measured: World) -> None:
    page = measured.alice.get(PAGE, params={"kept_mb": "a lot"})
    assert page.status_code == 422
    assert "give a number, for example 1.5" in page.text
    assert 'value="a lot"' in page.text
    assert measured.alice.get(f"{API}/projection", params={"kept_mb": "a lot"}).status_code == 400


def test_prices_are_kept_and_shown_again(measured: World) -> None:
    reply = measured.alice.post(f"{PAGE}/prices", data=PRICES | {"machine_month_usd": "12.5"})
    assert reply.status_code == 303
    assert 'value="12.5"' in measured.alice.get(PAGE).text
    assert measured.alice.get(f"{API}/prices").json()["machine_month_nano"] == 12_500_000_000


def test_a_wrong_price_is_told_at_its_field_and_kept(measured: World) -> None:
    page = measured.alice.post(f"{PAGE}/prices", data=PRICES | {"traffic_gb_usd": "cheap"})
    assert page.status_code == 422
    assert "give dollars as a number" in page.text
    assert 'value="cheap"' in page.text


def test_the_api_sets_one_price_and_leaves_the_others(measured: World) -> None:
    before = measured.alice.get(f"{API}/prices").json()
    after = measured.alice.put(f"{API}/prices", json={"machine_month_usd": "7"}).json()
    assert after == before | {"machine_month_nano": 7_000_000_000, "machine_month_usd": "7"}


def test_read_now_reads_every_tenant(measured: World) -> None:
    assert measured.alice.post(f"{PAGE}/read").status_code == 303
    found = measured.alice.get(API).json()["found"]
    assert found["read_at"].startswith("2026-11-30")
    assert all(line["kept_bytes"] for line in found["lines"])


def test_the_claim_is_weighed_on_the_page(measured: World) -> None:
    text = measured.alice.get(PAGE).text
    assert "A customer costs 0.60 to 7 dollars a month" in text
    assert "Wages, fees of payment, support and selling are not" in text


amounts = st.tuples(st.integers(0, 10**13), st.integers(0, 10**12), st.integers(0, 10**13), st.integers(0, 10**6))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(amounts, min_size=2, max_size=2), st.sampled_from(sorted(unit_prices.SHARES)))
def test_page_api_and_file_show_the_same(measured: World, counted: list[tuple[int, int, int, int]], share: str) -> None:
    with measured.control() as control:
        control.execute("DELETE FROM tenant_use WHERE tenant_id <> ''")
        control.execute("DELETE FROM tenant_readings")
        for tenant, (work_ns, bytes_out, kept, pages) in zip((measured.acme, measured.globex), counted, strict=True):
            used(control, tenant.id, work_ns=work_ns, bytes_out=bytes_out, pages=pages)
            read(control, tenant.id, bytes=kept, models_nano=work_ns)
    measured.alice.put(f"{API}/prices", json={"share": share})

    page = measured.alice.get(PAGE).text
    found = measured.alice.get(API).json()["found"]
    file = list(csv.DictReader(io.StringIO(measured.alice.get(f"{PAGE}/month.csv").text)))

    assert measured.alice.get(f"{API}/export").text == measured.alice.get(f"{PAGE}/month.csv").text
    shown = re.findall(r'data-label="Cost"><span class="num" title="([^"]+)"', page)
    assert [exact.replace("$", "").replace(",", "") for exact in shown] == [cents(line["cost_usd"]) for line in file]
    for line, row in zip(found["lines"], file, strict=True):
        assert {name: "" if line[name] is None else str(line[name]) for name in row if name != "simulated"} == {
            name: value for name, value in row.items() if name != "simulated"
        }
    assert found["total"]["cost_nano"] == sum(int(row["cost_nano"]) for row in file)


def cents(usd: str) -> str:
    """As the page writes dollars: at least two digits behind the point."""
    whole, _, rest = usd.partition(".")
    return f"{whole}.{rest.ljust(2, '0')}"
