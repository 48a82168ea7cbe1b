"""Limits on pages and over the API: the kill switch, rates, what a budget does, what a key covers."""

import pytest

from appliance.domain import budgets, keys, ledger, rates, stops
from appliance.domain.actor import SYSTEM
from appliance.domain.budgets import NANO
from appliance.domain.key_forms import NewKey
from appliance.domain.ledger import Opening
from tests.domain.spending import TENANT, Spent, book
from tests.web import work
from tests.web.work import STRANGER_GETS
from tests.world import World


def test_the_page_stops_and_lets_go_on(world: World) -> None:
    here = f"{world.alice.pages}/budgets"
    work.connect(world)
    form = {"stop": "model:simulated", "note": "A loop"}
    assert world.otto.post(f"{here}/stops", data=form).status_code == 303
    page = world.alice.get(here).text
    assert "Model simulated is stopped" in page and "A loop" in page
    release = {"scope": "model", "scope_id": "simulated"}
    assert world.otto.post(f"{here}/stops/release", data=release).status_code == 403
    assert world.alice.post(f"{here}/stops/release", data=release).status_code == 303
    with world.db() as db:
        assert stops.all(db) == []


def test_a_stop_that_names_nothing_is_told_beside_its_field(world: World) -> None:
    refused = world.alice.post(f"{world.alice.pages}/budgets/stops", data={"stop": "provider:nobody"})
    assert refused.status_code == 422
    assert "there is no such provider" in refused.text


def test_a_viewer_stops_nothing(world: World) -> None:
    assert world.bob.post(f"{world.bob.pages}/budgets/stops", data={"stop": "tenant"}).status_code == 403
    assert world.bob.post(f"{world.bob.api}/stops", json={}).status_code == 403


def test_the_api_stops_lists_and_lets_go_on(world: World) -> None:
    made = world.otto.post(f"{world.otto.api}/stops", json={"scope": "tenant", "note": "night"})
    assert (made.status_code, made.json()["stopped_by"]) == (200, "Otto")
    assert [stop["note"] for stop in world.bob.get(f"{world.bob.api}/stops").json()["items"]] == ["night"]
    assert world.alice.post(f"{world.alice.api}/stops/release", json={"scope": "tenant"}).status_code == 204
    assert world.bob.get(f"{world.bob.api}/stops").json() == {"items": []}
    assert world.alice.post(f"{world.alice.api}/stops", json={"scope": "planet"}).json()["errors"].keys() == {"scope"}


def test_rates_on_the_page_and_over_the_api(world: World) -> None:
    here = f"{world.alice.pages}/budgets"
    form = {"limited": "tenant", "requests": "600", "tokens": "", "parallel": "8"}
    assert world.alice.post(f"{here}/rates", data=form).status_code == 303
    assert "600 requests a minute · 8 at the same time" in world.alice.get(here).text
    wrong = world.alice.post(f"{here}/rates", data=form | {"requests": "many"})
    assert wrong.status_code == 422 and 'value="many"' in wrong.text
    assert world.bob.get(f"{world.bob.api}/rates").json()["items"][0]["parallel"] == 8
    put = world.alice.put(f"{world.alice.api}/rates", json={"scope": "tenant"})
    assert put.json()["requests"] is None
    with world.db() as db:
        assert rates.all(db) == []


def test_a_budget_is_set_with_what_it_does_and_shows_where_it_is_heading(world: World) -> None:
    here = f"{world.alice.pages}/budgets"
    form = {"scope": "tenant", "which": "", "span": "5h", "limit_usd": "3", "action": "block", "strict": "true"}
    assert world.alice.post(here, data=form).status_code == 303
    page = world.alice.get(here).text
    assert "in any 5 hours" in page and "asks nobody" in page and ">strict<" in page
    unknown = world.alice.post(here, data=form | {"action": "downgrade", "downgrade_to": "cheap-9"})
    assert unknown.status_code == 422 and 'value="cheap-9"' in unknown.text
    with world.db() as db:
        [budget] = budgets.all(db)
        assert (budget.action, budget.strict, budget.span) == ("block", True, "5h")


def test_a_limit_changed_in_its_line_keeps_what_it_does(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", NANO, budgets.Terms("block", strict=True))
        [budget] = budgets.all(db)
    assert world.alice.post(f"{world.alice.pages}/budgets/{budget.id}", data={"limit_usd": "2"}).status_code == 303
    with world.db() as db:
        assert (budgets.get(db, budget.id).action, budgets.get(db, budget.id).strict) == ("block", True)


def test_a_budget_is_set_back_on_the_page_and_over_the_api(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", NANO)
        book(db, Spent(500))
        [budget] = budgets.all(db)
    assert world.alice.post(f"{world.alice.pages}/budgets/{budget.id}/reset").status_code == 303
    assert "set back" in world.alice.get(f"{world.alice.pages}/budgets").text
    with world.db() as db:
        book(db, Spent(7))
    again = world.alice.post(f"{world.alice.api}/budgets/{budget.id}/reset").json()
    assert (again["spent_nano"], again["set_back"]) == (0, True)
    assert world.otto.post(f"{world.otto.api}/budgets/{budget.id}/reset").status_code == 403


def test_calls_under_way_are_seen_with_what_they_hold(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", NANO)
        ledger.open_call(db, Opening("p-1", "gpt-x", False, 250_000_000, "test", TENANT))
    assert "$0.250" in world.bob.get(f"{world.bob.pages}/budgets").text
    held = world.bob.get(f"{world.bob.api}/budgets/under-way").json()
    assert (held["calls"], held["held_usd"], held["oldest"][0]["amount_usd"]) == (1, "0.25", "0.25")


def test_a_key_is_narrowed_and_widened_again(world: World) -> None:
    work.hire(world)
    form = {"name": "Tool", "role": "operator", "gateway_only": "true", "budget_usd": "2", "parallel": "4"}
    made = world.alice.post("/t/acme/settings/keys", data=form | {"models": "sim-*, gpt-x", "agent": "mara"})
    assert made.status_code == 200
    [key] = world.alice.get(f"{world.alice.api}/keys").json()["items"]
    assert (key["models"], key["parallel"], key["budget_usd"], key["agent_id"] is not None) == (
        ["sim-*", "gpt-x"],
        4,
        "2",
        True,
    )
    here = f"/t/acme/settings/keys/{key['id']}"
    page = world.alice.get(here).text
    assert 'value="sim-*, gpt-x"' in page and 'value="4"' in page
    wrong = world.alice.post(here, data=form | {"parallel": "some", "name": "Renamed"})
    assert wrong.status_code == 422 and 'value="some"' in wrong.text and 'value="Renamed"' in wrong.text
    assert world.alice.post(here, data={"name": "Renamed", "models": "", "budget_usd": ""}).status_code == 303
    changed = world.alice.get(f"{world.alice.api}/keys").json()["items"][0]
    assert (changed["name"], changed["models"], changed["parallel"], changed["budget_usd"], changed["agent_id"]) == (
        "Renamed",
        [],
        None,
        None,
        None,
    )


def test_a_budget_of_a_key_out_of_all_proportion_is_asked_about(world: World) -> None:
    with world.control() as control:
        key = keys.create(control, world.alice.actor, world.acme.id, NewKey("Tool", budget_usd="2"))
    path = f"{world.alice.api}/keys/{key.id}"
    assert world.alice.patch(path, json={"budget_usd": "20000"}).json()["errors"].keys() == {"confirm"}
    assert world.alice.patch(path, json={"budget_usd": "20000", "confirm": True}).json()["budget_usd"] == "20000"


def test_a_revoked_key_stays_as_it_was(world: World) -> None:
    with world.control() as control:
        key = keys.create(control, world.alice.actor, world.acme.id, NewKey("Tool"))
        keys.revoke(control, world.alice.actor, world.acme.id, key.id)
    assert world.alice.patch(f"{world.alice.api}/keys/{key.id}", json={"name": "New"}).status_code == 400
    assert "is revoked and can" in world.alice.get(f"/t/acme/settings/keys/{key.id}").text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/stops", None),
        ("POST", "/stops", {}),
        ("PUT", "/rates", {}),
        ("GET", "/budgets/under-way", None),
        ("PATCH", "/keys/any", {"name": "x"}),
    ],
)
def test_charlie_gets_404(world: World, method: str, path: str, body: object) -> None:
    found = world.charlie.request(method, f"{world.alice.api}{path}", json=body)
    assert (found.status_code, found.json()["code"]) == STRANGER_GETS


def test_charlie_finds_no_page_and_changes_no_key_of_acme(world: World) -> None:
    with world.control() as control:
        key = keys.create(control, world.alice.actor, world.acme.id, NewKey("Tool"))
    for page in (f"/t/acme/settings/keys/{key.id}", f"/t/globex/settings/keys/{key.id}"):
        assert world.charlie.get(page).status_code == 404
        assert world.charlie.post(page, data={"name": "Mine"}).status_code == 404
    assert world.charlie.patch(f"{world.charlie.api}/keys/{key.id}", json={"name": "Mine"}).status_code == 404
