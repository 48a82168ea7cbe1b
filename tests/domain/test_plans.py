"""Plans: what the owners of the box set, what a tenant has of its own, and what holds from then on."""

import pytest

from appliance import clock
from appliance.domain import flags, plans, tenant_plans
from appliance.domain.actor import SYSTEM
from appliance.domain.plans import NewPlan, PlanChange
from appliance.domain.tenant_plans import TermsChange
from appliance.errors import Problem
from tests.world import World

GB = 1024**3


def refused(act: object, *args: object) -> Problem:
    with pytest.raises(Problem) as caught:
        act(*args)  # type: ignore[operator]
    return caught.value


def test_a_box_comes_with_four_plans(world: World) -> None:
    with world.control() as control:
        found = {
            p.slug: (p.price_nano, p.requests_per_min, p.agents, p.running, p.storage_bytes)
            for p in plans.every(control)
        }
    assert found == {
        "free": (0, 100, 5, 10, GB),
        "starter": (49 * 10**9, 500, 20, 50, 10 * GB),
        "growth": (149 * 10**9, 2000, 100, 200, 50 * GB),
        "enterprise": (None, None, None, None, None),
    }


def test_tenants_are_without_limits_until_somebody_says_otherwise(world: World) -> None:
    bounds = world.catalogue.bounds(world.acme.id)
    assert (bounds.plan, bounds.requests_per_min, bounds.agents, bounds.storage_bytes) == (
        "enterprise",
        None,
        None,
        None,
    )


def test_a_plan_is_made_changed_and_removed(world: World) -> None:
    with world.control() as control:
        made = plans.create(control, SYSTEM, NewPlan(slug="tiny", agents=1, flags={"gateway": False}))
        assert (made.name, made.place, made.agents, made.running, made.flags) == (
            "Tiny",
            5,
            1,
            None,
            {"gateway": False},
        )
        changed = plans.change(control, SYSTEM, "tiny", PlanChange(name="Small", agents=None, running=3))
        assert (changed.name, changed.agents, changed.running, changed.flags) == ("Small", None, 3, {"gateway": False})
        assert plans.change(control, SYSTEM, "tiny", PlanChange(flags={"gateway": None})).flags == {}
        plans.remove(control, SYSTEM, "tiny")
        assert refused(plans.get, control, "tiny").code == "not_found"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"slug": "x"}, "slug"),
        ({"slug": "tiny", "name": " "}, "name"),
        ({"slug": "tiny", "agents": -1}, "agents"),
        ({"slug": "tiny", "storage_bytes": 10**16}, "storage_bytes"),
        ({"slug": "tiny", "price_nano": -1}, "price_nano"),
        ({"slug": "tiny", "flags": {"gatewya": True}}, "flags"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_field(world: World, given: dict[str, object], field: str) -> None:
    with world.control() as control:
        problem = refused(plans.create, control, SYSTEM, NewPlan(**given))  # type: ignore[arg-type]
    assert (problem.code, list(problem.errors)) == ("invalid", [field])


def test_a_slug_of_a_plan_is_taken_once(world: World) -> None:
    with world.control() as control:
        assert refused(plans.create, control, SYSTEM, NewPlan(slug="free")).code == "duplicate"


def test_a_plan_in_use_is_not_removed(world: World) -> None:
    with world.control() as control:
        problem = refused(plans.remove, control, SYSTEM, "enterprise")
        assert problem.detail == "2 tenants are on the plan Enterprise. Give them another one first."


def test_only_an_owner_changes_plans(world: World) -> None:
    with world.control() as control:
        assert refused(plans.create, control, world.otto.actor, NewPlan(slug="mine")).code == "forbidden"
        terms = TermsChange("free")
        assert refused(tenant_plans.change, control, world.otto.actor, world.acme.id, terms).code == "forbidden"


def test_a_plan_and_terms_of_its_own_hold_at_once(world: World) -> None:
    with world.control() as control:
        terms = tenant_plans.change(
            control, SYSTEM, world.acme.id, TermsChange("growth", {"agents": 7, "running": None})
        )
        assert (terms.limit("agents"), terms.limit("running"), terms.limit("requests_per_min")) == (7, None, 2000)
        bounds = world.catalogue.bounds(world.acme.id)
        assert (bounds.plan_name, bounds.agents, bounds.running, bounds.requests_per_min) == ("Growth", 7, None, 2000)
        plans.change(control, SYSTEM, "growth", PlanChange(agents=50, running=60, requests_per_min=70))
        bounds = world.catalogue.bounds(world.acme.id)
        assert (bounds.agents, bounds.running, bounds.requests_per_min) == (7, None, 70)
        tenant_plans.change(control, SYSTEM, world.acme.id, TermsChange(back=("agents", "running")))
        bounds = world.catalogue.bounds(world.acme.id)
        assert (bounds.plan, bounds.agents, bounds.running) == ("growth", 50, 60)
    assert world.catalogue.bounds(world.globex.id).agents is None


def test_another_process_knows_of_a_change_within_a_second(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.catalogue.bounds(world.acme.id).agents is None
    with world.control() as control:
        control.update("tenants", {"id": world.acme.id}, plan="free")
    assert world.catalogue.bounds(world.acme.id).agents is None
    later = clock.monotonic() + 1.01
    monkeypatch.setattr(clock, "monotonic", lambda: later)
    assert world.catalogue.bounds(world.acme.id).agents == 5


def test_a_plan_or_limit_that_is_not_there_is_refused_with_those_that_are(world: World) -> None:
    with world.control() as control:
        problem = refused(tenant_plans.change, control, SYSTEM, world.acme.id, TermsChange("gold"))
        assert "there are free, starter, growth, enterprise" in problem.errors["plan"]
        wrong = TermsChange(own_limits={"agent": 1})
        assert "there is no limit agent" in refused(tenant_plans.change, control, SYSTEM, world.acme.id, wrong).detail
        assert refused(tenant_plans.of, control, "nobody").code == "not_found"


def test_switches_of_the_plan_give_way_to_those_of_the_tenant(world: World) -> None:
    assert flags.on(world.catalogue.bounds(world.acme.id), "gateway")
    with world.control() as control:
        plans.change(control, SYSTEM, "enterprise", PlanChange(flags={"gateway": False}))
        assert not flags.on(world.catalogue.bounds(world.acme.id), "gateway")
        tenant_plans.change(control, SYSTEM, world.acme.id, TermsChange(own_flags={"gateway": True}))
        assert flags.on(world.catalogue.bounds(world.acme.id), "gateway")
        assert not flags.on(world.catalogue.bounds(world.globex.id), "gateway")
        tenant_plans.change(control, SYSTEM, world.acme.id, TermsChange(own_flags={"gateway": None}))
        assert not flags.on(world.catalogue.bounds(world.acme.id), "gateway")


def test_a_switch_that_does_not_exist_is_an_error_everywhere(world: World) -> None:
    with pytest.raises(LookupError):
        flags.on(world.catalogue.bounds(world.acme.id), "gatewya")
    with world.control() as control:
        wrong = TermsChange(own_flags={"gatewya": True})
        problem = refused(tenant_plans.change, control, SYSTEM, world.acme.id, wrong)
    assert problem.detail == "flags: there is no flag gatewya - did you mean gateway?"
