import logging

import pytest

from appliance.domain import events, provider_forms, providers
from tests.gateway.scripted import ScriptedServer, http, serve
from tests.world import World

CANARY = "sk-canary-0123456789-do-not-show-WXYZ"


@pytest.fixture
def wire():
    script = ScriptedServer()
    server = serve(script)
    yield script
    server.shutdown()
    server.server_close()


def add(world: World, **body: object) -> dict[str, object]:
    made = world.alice.post(f"{world.alice.api}/providers", json={"name": "Sim", "kind": "simulated"} | body)
    assert made.status_code == 201, made.text
    return dict(made.json())


def test_a_simulated_account_serves_its_models_with_prices(world: World) -> None:
    add(world)
    found = {model["id"]: model for model in world.alice.get(f"{world.alice.api}/models").json()["items"]}
    assert set(found) == set(providers.SIMULATED_MODELS)
    assert found["sim-standard"]["input_usd_mtok"] == "3"
    assert found["sim-standard"]["price_source"] == "simulated"


def test_an_account_is_changed_paused_and_removed(world: World) -> None:
    made = add(world)
    here = f"{world.alice.api}/providers/{made['id']}"
    assert world.alice.patch(here, json={"name": "Play", "paused": True}).json()["paused"] is True
    assert world.alice.get(f"{world.alice.api}/models").json()["items"] == []
    assert world.alice.get(here).json()["name"] == "Play"
    assert world.alice.delete(here).status_code == 204
    assert world.alice.get(here).status_code == 404


def test_a_test_tells_the_outcome_and_is_kept(world: World, wire: ScriptedServer) -> None:
    made = add(world, name="Lab", kind="openai-compatible", base_url=wire.url, secret=CANARY)
    wire.will(http(200, {"object": "list", "data": [{"id": "lab-7b", "object": "model"}]}))
    tested = world.alice.post(f"{world.alice.api}/providers/{made['id']}/test").json()
    assert (tested["test_ok"], tested["models"]) == (True, ["lab-7b"])
    assert wire.received[0].headers["authorization"] == f"Bearer {CANARY}"
    assert "lab-7b" in world.alice.get(f"{world.alice.pages}/providers").text


def test_a_failing_test_shows_what_the_provider_said_and_what_to_do(world: World, wire: ScriptedServer) -> None:
    made = add(world, name="Lab", kind="openai-compatible", base_url=wire.url, secret=CANARY)
    wire.will(http(401, {"error": {"message": f"Incorrect API key provided: {CANARY}", "type": "invalid_api_key"}}))
    shown = world.alice.post(f"{world.alice.pages}/providers/{made['id']}/test", follow_redirects=True).text
    assert "The provider refused the key" in shown
    assert "Put a valid key into this provider" in shown
    assert "Incorrect API key provided: [secret]" in shown


def test_no_secret_in_any_reply_event_or_log(
    world: World, wire: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"name": "Lab", "kind": "openai-compatible", "base_url": wire.url, "secret": CANARY}
    wire.will(*[http(500, f"oops {CANARY}")] * 2)
    form = {k: v for k, v in body.items()} | {"models": "a\nb"}
    made = world.alice.post(f"{world.alice.pages}/providers", data=form, follow_redirects=True)
    here = str(made.url.path)
    replies = [
        made.text,
        world.alice.get(here).text,
        world.alice.get(f"{world.alice.pages}/providers").text,
        world.alice.get(f"{world.alice.pages}/activity").text,
        world.alice.get(f"{world.alice.api}/providers").text,
        world.alice.get(f"{world.alice.api}/events").text,
        world.alice.post(f"{here}/test", follow_redirects=True).text,
        world.alice.post(here, data={"name": "", "secret": CANARY}).text,
        world.alice.post(f"{world.alice.pages}/providers", data=form).text,
        world.alice.post(f"{world.alice.api}/providers", json=body | {"kind": "wrong"}).text,
    ]
    assert [reply for reply in replies if CANARY in reply] == []
    assert "••••WXYZ" in replies[1]
    with world.db() as db:
        assert CANARY not in str(events.since(db, 0))
        assert CANARY not in str(db.rows("SELECT * FROM providers"))
    assert CANARY not in caplog.text


def test_the_first_page_offers_kinds_and_asks_only_for_what_each_needs(world: World) -> None:
    new = f"{world.alice.pages}/providers/new"
    cards = world.alice.get(new).text
    assert all(f"?kind={kind}" in cards for kind in provider_forms.KINDS)
    assert 'name="secret"' not in world.alice.get(f"{new}?kind=simulated").text
    assert 'name="base_url"' not in world.alice.get(f"{new}?kind=openai").text
    assert "http://127.0.0.1:11434/v1" in world.alice.get(f"{new}?kind=ollama").text


def test_adding_by_the_page_tests_at_once(world: World) -> None:
    done = world.alice.post(
        f"{world.alice.pages}/providers", data={"name": "Play", "kind": "simulated", "pace": "instant"}
    )
    assert done.status_code == 303
    with world.db() as db:
        assert providers.get(db, "Play").test_ok


def test_a_wrong_form_keeps_what_was_typed_but_the_key(world: World) -> None:
    form = {"name": "a/b", "kind": "openai-compatible", "base_url": "ftp://x", "secret": CANARY}
    again = world.alice.post(f"{world.alice.pages}/providers", data=form)
    assert again.status_code == 422
    assert 'value="a/b"' in again.text and 'value="ftp://x"' in again.text
    assert again.text.count('aria-invalid="true"') == 2


def test_own_prices_make_a_model_callable(world: World) -> None:
    made = add(world, name="Lab", kind="openai-compatible", base_url="http://127.0.0.1:9/v1", models=["lab-7b"])
    here = f"{world.alice.pages}/providers/{made['id']}"
    assert "no price" in world.alice.get(here).text
    saved = world.alice.post(here, data={"priced": "1", "in:lab-7b": "0.5", "out:lab-7b": "1.5"})
    assert saved.status_code == 303
    offer = world.alice.get(f"{world.alice.api}/models").json()["items"][0]
    assert (offer["input_usd_mtok"], offer["output_usd_mtok"], offer["price_source"]) == ("0.5", "1.5", "override")
    assert world.alice.post(here, data={"priced": "1", "in:lab-7b": "-1", "out:lab-7b": "1"}).status_code == 422


def test_operators_test_but_do_not_change(world: World) -> None:
    made = add(world)
    here = f"{world.otto.api}/providers/{made['id']}"
    assert world.otto.post(f"{here}/test").json()["test_ok"] is True
    assert world.otto.patch(here, json={"paused": True}).status_code == 403
    assert world.otto.post(f"{world.otto.api}/providers", json={"name": "X", "kind": "simulated"}).status_code == 403
    assert world.bob.post(f"{world.bob.api}/providers/{made['id']}/test").status_code == 403
    assert world.bob.get(f"{world.bob.pages}/providers/{made['id']}").status_code == 200


def test_two_accounts_of_one_name_are_refused(world: World) -> None:
    add(world)
    again = world.alice.post(f"{world.alice.api}/providers", json={"name": "Sim", "kind": "simulated"})
    assert (again.status_code, again.json()["code"]) == (409, "duplicate")


def test_looking_for_local_servers_finds_those_that_answer(world: World) -> None:
    looked = world.alice.post(f"{world.alice.pages}/providers/local")
    assert looked.status_code == 200
    assert "Servers on this machine" in looked.text


def test_charlie_of_another_tenant_finds_nothing(world: World) -> None:
    made = add(world)
    assert world.charlie.get(f"/t/acme/providers/{made['id']}").status_code == 404
    assert world.charlie.get("/api/v1/t/acme/providers").status_code == 404
    assert world.charlie.get(f"{world.charlie.api}/providers/{made['id']}").status_code == 404
    assert world.charlie.delete(f"{world.charlie.api}/providers/{made['id']}").status_code == 404
