"""Plans, terms of a tenant and switches from a shell."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run

GB = 1024**3


def test_the_first_tenant_is_on_enterprise_without_limits(agenthq: Run, box: Path) -> None:
    shown = agenthq("tenant", "plan", "acme", "--json").json
    assert (shown["terms"]["plan"]["slug"], shown["terms"]["own_limits"]) == ("enterprise", {})
    assert {one["name"]: one["limit"] for one in shown["usage"]} == {
        "agents": None,
        "running": None,
        "storage_bytes": None,
    }


def test_plans_are_listed_made_changed_and_removed(agenthq: Run, box: Path) -> None:
    listed = agenthq("plan", "list")
    assert "$49.00" in listed.out and "10 GB" in listed.out
    made = agenthq("plan", "create", "team", "--price", "19.50", "--agents", "10", "--storage", "1.5GB", "--json").json
    assert (made["name"], made["price_nano"], made["agents"], made["storage_bytes"]) == (
        "Team",
        19_500_000_000,
        10,
        GB * 3 // 2,
    )
    changed = agenthq("plan", "set", "team", "--agents", "none", "--requests", "1,000", "--json").json
    assert (changed["agents"], changed["requests_per_min"], changed["storage_bytes"]) == (None, 1000, GB * 3 // 2)
    assert "Storage" in agenthq("plan", "show", "team").out
    assert agenthq("plan", "remove", "team").out.strip() == "The plan team was removed."
    assert agenthq("plan", "show", "team").lines == ["agenthq: There is no such plan."]


def test_a_plan_in_use_stays(agenthq: Run, box: Path) -> None:
    done = agenthq("plan", "remove", "enterprise")
    assert done.code == 1
    assert done.lines == ["agenthq: 1 tenant is on the plan Enterprise. Give them another one first."]


def test_a_tenant_gets_a_plan_and_limits_of_its_own(agenthq: Run, box: Path) -> None:
    done = agenthq("tenant", "plan", "acme", "growth", "--agents", "50", "--running", "none")
    assert "0 of 50 (its own)" in done.out
    assert "Runs at the same time" in done.out and "0 of none (its own)" in done.out
    back = agenthq("tenant", "plan", "acme", "--agents", "plan", "--json").json
    assert back["terms"]["own_limits"] == {"running": None}
    assert "there are free, starter, growth, enterprise" in agenthq("tenant", "plan", "acme", "gold").lines[0]


def test_an_agent_beyond_the_plan_is_refused(agenthq: Run, box: Path) -> None:
    agenthq("tenant", "plan", "acme", "free", "--agents", "0")
    done = agenthq("agent", "create", "mara", "--name", "Mara", "--model", "simulated", "--json")
    assert (done.code, done.json["code"]) == (1, "quota")
    assert done.lines[0].startswith("agenthq: The plan Free allows 0 agents and there are 0. Remove one")


@pytest.mark.parametrize(
    "given", [("--agents", "many"), ("--agents", "5GB"), ("--storage", "5XB"), ("--agents", "1.5"), ("--price", "free")]
)
def test_what_is_no_limit_is_refused(agenthq: Run, box: Path, given: tuple[str, str]) -> None:
    done = agenthq("plan", "set", "free", *given)
    assert done.code == 2
    assert given[1] in done.lines[0]


def test_switches_are_set_for_a_plan_and_for_a_tenant(agenthq: Run, box: Path) -> None:
    def state(*of: str) -> bool:
        listed = agenthq("flag", "list", *of, "--json").json["items"]
        return bool(next(one["on"] for one in listed if one["flag"] == "gateway"))

    assert agenthq("flag", "set", "gateway", "off", "--plan", "enterprise").code == 0
    assert (state(), state("--plan", "enterprise"), state("--tenant", "acme")) == (True, False, False)
    assert agenthq("flag", "set", "gateway", "on", "--tenant", "acme").code == 0
    assert state("--tenant", "acme")
    assert agenthq("flag", "set", "gateway", "usual", "--tenant", "acme").code == 0
    assert not state("--tenant", "acme")


def test_a_switch_that_does_not_exist_and_one_for_nobody_are_refused(agenthq: Run, box: Path) -> None:
    wrong = agenthq("flag", "set", "gatewya", "off", "--plan", "free")
    assert wrong.lines == ["agenthq: flags: there is no flag gatewya - did you mean gateway?"]
    assert agenthq("flag", "set", "gateway", "off").code == 2
