"""The economics of the box from the command line."""

from pathlib import Path

from appliance import clock
from appliance.db.tenants import open_catalogue
from appliance.domain import tenants
from appliance.domain.economics import use
from appliance.metering import Key, Sums
from tests.cli.conftest import Run


def measured(box: Path) -> None:
    sums = Sums()
    sums.pages, sums.work_ns = 5, 2 * 10**9
    with open_catalogue(box).control() as control:
        use.add(control, {Key(clock.iso()[:10], tenants.by_slug(control, "acme").id): sums})


def test_nothing_measured_says_so(agenthq: Run, box: Path) -> None:
    assert "Nothing is measured" in agenthq("economics", "show").out
    assert "nothing is projected" in agenthq("economics", "project").out


def test_a_month_is_shown_and_exported(agenthq: Run, box: Path, tmp_path: Path) -> None:
    measured(box)
    found = agenthq("economics", "show", "--now", "--json").json
    assert (found["lines"][0]["slug"], found["lines"][0]["pages"]) == ("acme", 5)
    assert found["lines"][0]["kept_bytes"] > 0
    assert "no tenant is on a plan with a price" in agenthq("economics", "show").out
    agenthq("economics", "export", "--out", str(tmp_path / "month.csv"))
    assert (tmp_path / "month.csv").read_text().splitlines()[1].startswith("acme,Acme,")
    assert agenthq("economics", "export").out.startswith("slug,name,plan")


def test_prices_are_set_one_by_one(agenthq: Run, box: Path) -> None:
    found = agenthq("economics", "prices", "set", "--machine-month", "12", "--share", "cpu", "--json").json
    assert (found["machine_month_usd"], found["share"], found["traffic_gb_usd"]) == ("12", "cpu", "0.09")
    done = agenthq("economics", "prices", "set", "--traffic-gb", "cheap")
    assert (done.code, "traffic_gb_usd: give dollars" in done.err) == (2, True)
    assert "$12.00" in agenthq("economics", "prices", "show").out


def test_a_projection_takes_other_assumptions(agenthq: Run, box: Path) -> None:
    measured(box)
    found = agenthq("economics", "project", "--with", "price_usd=99", "--json").json
    assert found["projection"]["points"][0]["price_usd"] == "99"
    assert "falls as there are more" in agenthq("economics", "project").out
    assert "There is no assumption 'luck'" in agenthq("economics", "project", "--with", "luck=1").err
