"""Tenants: names, databases, keys."""

import pytest

from appliance.domain import audit, plans, tenant_plans, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.tenant_plans import TermsChange
from appliance.errors import Problem
from tests.world import World


@pytest.mark.parametrize("slug", ["ab", "-ab", "ab-", "Abc", "a b", "ä-b", "a" * 41, "", "../x"])
def test_a_bad_slug_is_refused(world: World, slug: str) -> None:
    with world.control() as control, pytest.raises(Problem) as caught:
        tenants.create(world.catalogue, control, world.vault, slug, "X")
    assert "slug" in caught.value.errors


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Northwind", "northwind"),
        ("A & B Ltd.", "a-b-ltd"),
        ("Müller & Söhne GmbH", "muller-sohne-gmbh"),
        ("Großmann – Café", "grossmann-cafe"),
        ("株式会社", "team"),
        ("X", "team-x"),
        ("New", "team-new"),
        ("é" * 90, "e" * 40),
    ],
)
def test_a_slug_comes_from_any_name(name: str, slug: str) -> None:
    assert tenants.slug_from(name) == slug
    tenants.check_slug(tenants.slug_from(name))


def test_a_taken_slug_is_refused(world: World) -> None:
    with world.control() as control:
        with pytest.raises(Problem, match="There is a tenant 'acme' already"):
            tenants.create(world.catalogue, control, world.vault, "acme", "Acme again")
        assert len(tenants.every(control)) == 2


def test_a_plan_that_is_not_there_is_refused_with_those_that_are(world: World) -> None:
    with world.control() as control:
        before = tenants.every(control)
        with pytest.raises(Problem, match="no plan gold; there are free, starter, growth, enterprise") as caught:
            tenants.create(world.catalogue, control, world.vault, "third", "Third", "gold")
        assert list(caught.value.errors) == ["plan"]
        assert tenants.every(control) == before
        assert tenants.create(world.catalogue, control, world.vault, "third", "Third", "growth").plan == "growth"


def test_who_takes_no_plan_gets_the_usual_one_or_the_first_that_is_left(world: World) -> None:
    with world.control() as control:
        assert tenants.create(world.catalogue, control, world.vault, "third", "Third").plan == "enterprise"
        for tenant in tenants.every(control):
            tenant_plans.change(control, SYSTEM, tenant.id, TermsChange("growth"))
        plans.remove(control, SYSTEM, "enterprise")
        assert tenants.create(world.catalogue, control, world.vault, "fourth", "Fourth").plan == "free"


def test_what_goes_wrong_leaves_no_database_behind(world: World) -> None:
    with pytest.raises(ZeroDivisionError), tenants.provisioned(world.catalogue, world.vault) as made:
        assert world.catalogue.exists(made.id)
        raise ZeroDivisionError
    assert not world.catalogue.exists(made.id)


def test_a_new_tenant_can_keep_secrets(world: World) -> None:
    with world.control() as control:
        tenant = tenants.create(world.catalogue, control, world.vault, "third", "Third", simulated=True)
        assert tenants.by_slug(control, "third") == tenants.by_id(control, tenant.id) == tenant
        assert tenant.simulated
        assert audit.entries(control, tenant.id).items[0].action == "tenant.created"
    assert world.vault.open(tenant.id, "a", world.vault.seal(tenant.id, "a", "s")) == "s"


def test_a_stranger_finds_no_tenant(world: World) -> None:
    with world.control() as control:
        assert tenants.of_member(control, "acme", world.alice.member.id) == world.acme
        assert [t.slug for t in tenants.of_user(control, world.charlie.member.id)] == ["globex"]
        for slug in ("acme", "nowhere"):
            with pytest.raises(Problem) as caught:
                tenants.of_member(control, slug, world.charlie.member.id)
            assert caught.value.code == "not_found"
