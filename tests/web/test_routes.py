"""Routes on their pages and over HTTP, and what the page of an account says of its health."""

import pytest

from appliance.domain import providers, routes
from appliance.domain.actor import SYSTEM
from appliance.domain.model_facts import Facts
from appliance.domain.provider_forms import ModelPrice, NewProvider
from appliance.domain.route_forms import NewRoute, NewTarget
from tests.world import World

PRICE = {"m": ModelPrice(1, 2)}
ROUTE = {"name": "house", "targets": [{"account": "One", "model": "m", "weight": 3}, {"account": "Two", "model": "m"}]}


@pytest.fixture(autouse=True)
def accounts(world: World) -> None:
    with world.db() as db:
        for name in ("One", "Two"):
            new = NewProvider(name, "openai-compatible", "http://127.0.0.1:9/v1", models=["m"], prices=PRICE)
            providers.add(db, SYSTEM, world.vault, new)


def house(world: World, **fields: object) -> str:
    made = world.alice.post(f"{world.alice.api}/routes", json=ROUTE | fields)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_a_route_is_made_read_changed_and_removed_over_http(world: World) -> None:
    api = f"{world.alice.api}/routes"
    made = house(world, strategy="weighted")
    (listed,) = world.alice.get(api).json()["items"]
    assert listed["id"] == made and listed["targets"][0]["provider_name"] == "One"
    assert world.alice.get(f"{api}/house").json()["strategy"] == "weighted"
    changed = world.alice.patch(f"{api}/{made}", json={"strategy": "fixed", "name": "main"}).json()
    assert (changed["name"], changed["strategy"], len(changed["targets"])) == ("main", "fixed", 2)
    assert world.alice.delete(f"{api}/{made}").status_code == 204
    assert world.alice.get(f"{api}/{made}").status_code == 404


def test_a_wrong_route_names_its_field(world: World) -> None:
    refused = world.alice.post(f"{world.alice.api}/routes", json=ROUTE | {"strategy": "hopeful"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["strategy"])
    nobody = world.alice.post(f"{world.alice.api}/routes", json=ROUTE | {"targets": [{"account": "X", "model": "m"}]})
    assert nobody.json()["errors"] == {"targets": "there is no account X"}


def test_a_trial_says_where_a_request_would_go_and_why(world: World) -> None:
    house(world)
    ask = {"model": "house", "needs": ["tools"], "input_tokens": 1000, "output_tokens": 500}
    found = world.bob.post(f"{world.bob.api}/routes/test", json=ask)
    assert found.status_code == 403
    found = world.otto.post(f"{world.otto.api}/routes/test", json=ask).json()
    assert (found["targets"], found["route"]) == (["One/m", "Two/m"], "house")
    assert found["candidates"][0]["nano_estimate"] == 1000 * 1000 + 500 * 2000
    assert found["candidates"][0]["unknown"] == ["tools"]
    nothing = world.otto.post(f"{world.otto.api}/routes/test", json={"model": "gpt-99"})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "conflict")
    assert world.otto.post(f"{world.otto.api}/routes/test", json=ask | {"needs": ["luck"]}).status_code == 400


def test_the_form_makes_and_changes_a_route_row_by_row(world: World) -> None:
    pages = f"{world.alice.pages}/routes"
    form = {"name": "house", "strategy": "cheapest", "sticky": "true", "target:0": "One/m", "weight:0": ""}
    form |= {"target:2": "Two/m", "weight:2": "4", "kinds:2": "review, chat", "target:3": ""}
    made = world.alice.post(pages, data=form)
    assert made.status_code == 303
    with world.db() as db:
        route = routes.get(db, "house")
    stored = [(t.provider_name, t.weight, t.task_kinds) for t in route.targets]
    assert stored == [("One", 1, []), ("Two", 4, ["review", "chat"])]
    assert (route.strategy, route.sticky) == ("cheapest", True)
    shown = world.alice.get(f"{pages}/{route.id}").text
    assert 'value="Two/m"' in shown and 'value="review, chat"' in shown
    saved = world.alice.post(f"{pages}/{route.id}", data={"name": "house", "strategy": "fixed", "target:0": "Two/m"})
    assert saved.status_code == 303
    with world.db() as db:
        assert (routes.get(db, "house").sticky, len(routes.get(db, "house").targets)) == (False, 1)
    assert world.alice.post(f"{pages}/{route.id}/remove").status_code == 303
    assert "No route yet" in world.alice.get(pages).text


def test_a_wrong_form_keeps_what_was_typed(world: World) -> None:
    form = {"name": "a/b", "strategy": "fixed", "target:0": "Nobody/m", "weight:0": "7"}
    again = world.alice.post(f"{world.alice.pages}/routes", data=form)
    assert again.status_code == 422
    assert 'value="a/b"' in again.text and 'value="Nobody/m"' in again.text and 'value="7"' in again.text
    assert "without a slash" in again.text
    unknown = world.alice.post(f"{world.alice.pages}/routes", data=form | {"name": "house"})
    assert "there is no account Nobody" in unknown.text


def test_the_page_shows_which_model_would_be_taken_for_a_sample_and_why(world: World) -> None:
    with world.db() as db:
        able = {"m": Facts(context=9000)}
        new = NewProvider("Big", "openai-compatible", "http://127.0.0.1:9/v1", models=["m"], prices=PRICE, facts=able)
        providers.add(db, SYSTEM, world.vault, new)
        made = routes.create(db, SYSTEM, NewRoute("sized", [NewTarget("Big", "m"), NewTarget("One", "m")]))
    here = f"{world.bob.pages}/routes/{made.id}"
    small = world.bob.get(f"{here}?input_tokens=2000&output_tokens=1000").text
    assert '<span class="mono break">Big/m</span><br>' in small and "The first in order that does not rest." in small
    large = world.bob.get(f"{here}?input_tokens=9000&output_tokens=1000&tools=true").text
    assert '<span class="mono break">One/m</span><br>' in large
    assert "reads 9,000 tokens, 10,000 are needed" in large and "not known: tools, context" in large
    nowhere = world.bob.get(f"{here}?input_tokens=no")
    assert nowhere.status_code == 200


def test_an_agent_may_name_a_route_instead_of_a_model(world: World) -> None:
    house(world)
    assert "house · route" in world.alice.get(f"{world.alice.pages}/agents/new").text
    body = {"slug": "ada", "name": "Ada", "instructions": "Work.", "route": "house"}
    assert world.alice.post(f"{world.alice.api}/agents", json=body).json()["model"] == "house"
    wrong = world.alice.patch(f"{world.alice.api}/agents/ada", json={"route": "nowhere"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["route"])
    none = world.alice.post(f"{world.alice.api}/agents", json=body | {"slug": "bea", "route": ""})
    assert (none.status_code, list(none.json()["errors"])) == (400, ["model"])


def test_an_account_that_is_out_says_why_and_a_button_brings_it_back(world: World) -> None:
    with world.db() as db:
        one = providers.get(db, "One")
        routes.record_outcome(db, one.id, "m", "provider_payment", "Top up first.")
    here = f"{world.otto.pages}/providers/{one.id}"
    shown = world.otto.get(here).text
    assert "No call goes to this account" in shown and "has no credit. Top up first." in shown
    assert "Bring it back" not in world.bob.get(here).text
    assert world.bob.post(f"{here.replace(world.otto.pages, world.bob.pages)}/back").status_code == 403
    assert world.otto.post(f"{here}/back").status_code == 303
    assert world.otto.get(f"{world.otto.api}/providers/{one.id}").json()["out_at"] is None
    assert world.otto.post(f"{world.otto.api}/providers/One/back").json()["out_reason"] == ""


def test_the_page_of_an_account_shows_what_rests_and_what_came_last(world: World) -> None:
    with world.db() as db:
        one = providers.get(db, "One")
        for _ in range(5):
            routes.record_outcome(db, one.id, "m", "provider_overloaded")
    page = world.bob.get(f"{world.bob.pages}/providers/{one.id}").text
    assert "Rests" in page and "0 of 0 answered" in page
    (health,) = world.bob.get(f"{world.bob.api}/providers/One/health").json()["items"]
    assert (health["model"], health["state"], health["health"]["failures"]) == ("m", "resting", 5)


def test_weight_switches_and_abilities_are_set_on_the_page(world: World) -> None:
    with world.db() as db:
        one = providers.get(db, "One")
    here = f"{world.alice.pages}/providers/{one.id}"
    form = {"name": "One", "base_url": one.base_url, "models": "m", "weight": "5", "billing": "flat", "switches": "1"}
    assert world.alice.post(here, data=form | {"no_stream_options": "true", "only_listed": "true"}).status_code == 303
    facts = {"facts": "1", "context:m": "32,000", "tools:m": "yes", "vision:m": "no", "schema:m": "", "output:m": ""}
    assert world.alice.post(here, data=facts).status_code == 303
    with world.db() as db:
        found = providers.get(db, "One")
    assert (found.weight, found.billing, found.private) == (5, "flat", False)
    assert (found.only_listed, found.stream_options) == (True, False)
    assert found.facts == {"m": Facts(context=32_000, tools=True, vision=False)}
    assert world.alice.post(here, data=facts | {"context:m": "-1"}).status_code == 422
    assert "flat fee" in world.alice.get(f"{world.alice.pages}/providers").text


def test_only_an_owner_opens_private_addresses_on_the_page(world: World) -> None:
    form = {"name": "Lab", "kind": "openai-compatible", "base_url": "http://models.example/v1", "models": "m"}
    made = world.alice.post(f"{world.alice.pages}/providers", data=form | {"private": "true"})
    assert made.status_code == 303
    with world.db() as db:
        assert providers.get(db, "Lab").private
    assert "private ones too" in world.alice.get(made.headers["location"]).text


def test_servers_found_on_this_machine_come_with_the_switch(world: World) -> None:
    given = f"{world.alice.pages}/providers/new?kind=ollama&base_url=http://127.0.0.1:11434/v1&private=true"
    assert 'name="private" value="true" checked' in world.alice.get(given).text


def test_viewers_read_routes_and_only_admins_change_them(world: World) -> None:
    made = house(world)
    assert world.bob.get(f"{world.bob.pages}/routes").status_code == 200
    assert '<form class="form" method="post"' not in world.bob.get(f"{world.bob.pages}/routes/{made}").text
    assert world.otto.post(f"{world.otto.api}/routes", json=ROUTE | {"name": "x"}).status_code == 403
    assert world.otto.patch(f"{world.otto.api}/routes/{made}", json={"sticky": False}).status_code == 403
    assert world.otto.delete(f"{world.otto.api}/routes/{made}").status_code == 403


def test_charlie_of_another_tenant_finds_no_route(world: World) -> None:
    made = house(world)
    assert world.charlie.get(f"/t/acme/routes/{made}").status_code == 404
    assert world.charlie.get("/api/v1/t/acme/routes").status_code == 404
    assert world.charlie.get(f"{world.charlie.api}/routes/{made}").status_code == 404
    assert world.charlie.get(f"{world.charlie.api}/routes").json()["items"] == []
    assert world.charlie.post(f"{world.charlie.api}/providers/One/back").status_code == 404
