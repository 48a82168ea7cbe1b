"""Plans on pages and over the API: the box owners', and a tenant's own view."""

import html
import re

import pytest

from appliance import clock
from appliance.domain import plans, records, storage, tenant_plans
from tests.domain.limiting import hire, limit
from tests.world import World

BOX = "/api/v1/box/plans"
PAGES = ("/box/plans", "/box/plans/free", "/box/plans/tenants/acme")


@pytest.mark.parametrize("path", [*PAGES, BOX, f"{BOX}/free", f"{BOX}/tenants/acme"])
def test_charlie_gets_404(world: World, path: str) -> None:
    assert world.charlie.get(path).status_code == 404
    assert world.otto.get(path).status_code == 404
    assert world.alice.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/box/plans", "/box/plans/free", "/box/plans/free/remove", "/box/plans/tenants/acme"])
def test_nobody_else_changes_plans(world: World, path: str) -> None:
    given = {"slug": "mine", "plan": "free", "price": "1"}
    assert world.charlie.post(path, data=given).status_code == 404
    assert world.otto.post(path, data=given).status_code == 404
    assert world.charlie.patch(f"{BOX}/free", json={"agents": 1}).status_code == 404
    with world.control() as control:
        assert [(p.slug, p.agents) for p in plans.every(control)][0] == ("free", 5)
        assert tenant_plans.of(control, world.acme.id).plan.slug == "enterprise"


def test_a_key_of_a_tenant_opens_no_room_of_the_box(world: World) -> None:
    made = world.alice.post(f"{world.alice.api}/keys", json={"name": "Build", "role": "admin"}).json()
    assert world.program(made["secret"]).get(BOX).status_code in (401, 404)


def test_a_plan_is_made_changed_and_removed_by_forms(world: World) -> None:
    new = {
        "slug": "team",
        "name": "",
        "price": "19.50",
        "agents": "10",
        "storage_bytes": "1.5 GB",
        "flag_gateway": "off",
    }
    assert world.alice.post("/box/plans", data=new).headers["location"] == "/box/plans"
    page = world.alice.get("/box/plans").text
    assert "Team" in page and "$19.50" in page and "1.5 GB" in page
    form = world.alice.get("/box/plans/team").text
    assert 'value="1.5 GB"' in form and 'value="19.50"' in form
    changed = {"name": "Teams", "price": "", "agents": "none", "requests_per_min": "1,000", "flag_gateway": ""}
    assert world.alice.post("/box/plans/team", data=changed).status_code == 303
    with world.control() as control:
        found = plans.get(control, "team")
    assert (found.name, found.price_nano, found.agents, found.requests_per_min, found.flags) == (
        "Teams",
        None,
        None,
        1000,
        {},
    )
    assert world.alice.post("/box/plans/team/remove").status_code == 303
    assert world.alice.get("/box/plans/team").status_code == 404


def test_the_tenants_are_paged_and_found(world: World) -> None:
    with world.control() as control:
        for n in range(1, records.LIMIT + 1):
            row = {"id": f"t{n}", "slug": f"team-{n:03}", "name": f"Team {n}", "state": "active", "plan": "starter"}
            control.insert("tenants", row | {"data_key": "x", "simulated": False, "created_at": clock.iso()})

    for path, all_of_them in (("/box/plans", records.LIMIT + 2), ("/box/plans/starter", records.LIMIT)):
        seen, here = [], path
        while here:
            page = world.alice.get(here).text
            seen += re.findall(r'href="/box/plans/tenants/([\w-]+)"', page)
            found = re.search(r'href="([^"]+)" rel="next"', page)
            here = html.unescape(found[1]) if found else ""
        assert (len(seen), seen) == (all_of_them, sorted(set(seen)))

    found_page = world.alice.get("/box/plans", params={"find": "EAM-04"}).text
    assert re.findall(r'href="/box/plans/tenants/([\w-]+)"', found_page) == [f"team-04{n}" for n in range(10)]
    assert "None is like that" in world.alice.get("/box/plans", params={"find": "<b>"}).text
    assert world.alice.get("/box/plans", params={"cursor": "x"}).status_code == 400


def test_faults_stand_beside_their_fields_and_keep_what_was_typed(world: World) -> None:
    new = {"slug": "team", "agents": "many", "storage_bytes": "5 XB", "price": "1"}
    refused = world.alice.post("/box/plans", data=new)
    assert refused.status_code == 422
    assert "give a number, or none; not" in refused.text and 'value="many"' in refused.text
    assert "500 MB or 10 GB" in refused.text and 'value="5 XB"' in refused.text
    again = world.alice.post("/box/plans", data={"slug": "free", "price": "1"})
    assert again.status_code == 422 and "is taken" in again.text
    kept = world.alice.post("/box/plans/enterprise/remove")
    assert kept.status_code == 422 and "2 tenants are on the plan" in kept.text


def test_a_tenant_gets_a_plan_and_own_limits_by_a_form(world: World) -> None:
    there = "/box/plans/tenants/acme"
    given = {"plan": "growth", "agents": "7", "running": "none", "storage_bytes": "", "flag_gateway": "off"}
    assert world.alice.post(there, data=given).headers["location"] == there
    with world.control() as control:
        terms = tenant_plans.of(control, world.acme.id)
    assert (terms.plan.slug, terms.own_limits, terms.own_flags) == (
        "growth",
        {"agents": 7, "running": None},
        {"gateway": False},
    )
    page = world.alice.get(there).text
    assert "0 of 7" in page and 'value="7"' in page and 'placeholder="50 GB"' in page
    world.alice.post(there, data={"plan": "growth", "agents": "", "running": "", "flag_gateway": ""})
    with world.control() as control:
        terms = tenant_plans.of(control, world.acme.id)
    assert (terms.own_limits, terms.own_flags) == ({}, {})
    assert world.alice.post(there, data={"plan": "gold"}).status_code == 422


def test_the_api_of_plans(world: World) -> None:
    listed = world.alice.get(BOX).json()
    assert [one["slug"] for one in listed["items"]] == ["free", "starter", "growth", "enterprise"]
    assert "gateway" in [one["flag"] for one in listed["flags"]]
    made = world.alice.post(BOX, json={"slug": "team", "agents": 3})
    assert (made.status_code, made.json()["agents"], made.json()["running"]) == (201, 3, None)
    changed = world.alice.patch(f"{BOX}/team", json={"agents": None, "flags": {"gateway": False}}).json()
    assert (changed["agents"], changed["flags"]) == (None, {"gateway": False})
    assert world.alice.patch(f"{BOX}/team", json={"agnets": 1}).status_code == 400
    wrong = world.alice.patch(f"{BOX}/team", json={"flags": {"gatewya": True}})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["flags"])
    terms = world.alice.patch(f"{BOX}/tenants/acme", json={"plan": "team", "own_limits": {"agents": 1}}).json()
    assert (terms["terms"]["plan"]["slug"], terms["flags"]["gateway"], terms["usage"][0]["limit"]) == ("team", False, 1)
    assert world.alice.delete(f"{BOX}/team").status_code == 409
    assert world.alice.patch(f"{BOX}/tenants/acme", json={"plan": "free"}).status_code == 200
    assert world.alice.delete(f"{BOX}/team").status_code == 204


def test_members_see_their_plan_and_what_is_used(world: World) -> None:
    limit(world, "free", agents=2)
    hire(world, "ada")
    page = world.bob.get(f"{world.bob.pages}/settings/plan")
    assert page.status_code == 200
    assert "1 of 2" in page.text and "Free" in page.text and "/box/plans" not in page.text
    assert "/box/plans/tenants/acme" in world.alice.get(f"{world.alice.pages}/settings/plan").text
    seen = world.bob.get(f"{world.bob.api}/plan").json()
    assert (seen["plan"], seen["limits"]["agents"], seen["usage"][0]) == (
        "free",
        2,
        {"name": "agents", "used": 1, "limit": 2},
    )
    assert world.charlie.get(f"{world.bob.pages}/settings/plan").status_code == 404
    assert world.charlie.get(f"{world.bob.api}/plan").status_code == 404


def test_a_refusal_tells_programs_limit_and_usage(world: World) -> None:
    limit(world, "free", agents=1)
    hire(world, "ada")
    new = {"slug": "ben", "name": "Ben", "instructions": "Work.", "model": "simulated"}
    refused = world.alice.post(f"{world.alice.api}/agents", json=new)
    body = refused.json()
    assert (refused.status_code, body["code"], body["quota"], body["limit"], body["usage"]) == (
        402,
        "quota",
        "agents",
        1,
        1,
    )
    page = world.alice.post(f"{world.alice.pages}/agents", data=new)
    assert page.status_code == 402 and "The plan Free allows 1 agents" in page.text


@pytest.mark.parametrize(("share", "said"), [(70, ""), (82, "soon it is full"), (110, "nothing new is taken")])
def test_pages_say_when_storage_runs_out(world: World, share: int, said: str) -> None:
    limit(world, storage_bytes=world.catalogue.size(world.acme.id) * 100 // share)
    storage.measure(world.catalogue, world.acme.id)
    page = world.bob.get(f"{world.bob.pages}/board").text
    assert (said in page) if said else ("of storage are used" not in page)
