"""Connect a tool: lines with a fresh key, and what became of it."""

import re
from collections.abc import Iterator

import pytest

from appliance.domain import keys
from appliance.domain.tool_lines import TOOLS
from tests.gateway.upstream import Answer, Upstream, running
from tests.waiting import until
from tests.web import tools
from tests.world import World

HERE = "/t/acme/connect"


@pytest.fixture
def upstream(world: World) -> Iterator[Upstream]:
    with running() as made:
        tools.connect(world, made)
        tools.connect(world, made, "anthropic")
        made.will(tools.said(tools.CHAT))
        yield made


def make(world: World, tool: str = "openai-sdk", **fields: str) -> str:
    """The page with the fresh key in it."""
    given = {"name": "Laptop", "expires": "90d", "budget_usd": "20", "model": tools.GPT} | fields
    answer = world.alice.post(f"{HERE}/{tool}", data=given)
    assert answer.status_code == 200
    return answer.text


def secret(page: str) -> str:
    found = re.search(r"ahq_[\w-]{20,}", page)
    assert found
    return found[0]


def key_id(page: str) -> str:
    found = re.search(r"seen\?key=([\w-]+)", page)
    assert found
    return found[1]


def seen(world: World, key: str) -> str:
    return world.bob.get(f"{HERE}/openai-sdk/seen?key={key}").text


def test_without_a_model_the_page_says_what_to_do(world: World) -> None:
    page = world.alice.get(HERE).text
    assert "No model yet" in page
    assert f"{world.alice.pages}/providers/new" in page


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_has_lines_with_the_address_of_this_box(world: World, upstream: Upstream, tool: str) -> None:
    assert f'href="{HERE}/{tool}"' in world.bob.get(HERE).text
    page = world.bob.get(f"{HERE}/{tool}").text
    assert "http://box.test/gw" in page
    assert "YOUR_KEY" in page


def test_the_owners_address_goes_before_the_one_that_was_asked(
    world: World, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = world.settings._values["public_url"]._replace(value="https://models.example/")
    monkeypatch.setitem(world.settings._values, "public_url", given)
    assert "https://models.example/gw/v1" in world.bob.get(f"{HERE}/aider").text


def test_the_chosen_model_is_in_the_lines(world: World, upstream: Upstream) -> None:
    assert f"openai/{tools.CLAUDE}" in world.bob.get(f"{HERE}/aider?model={tools.CLAUDE}").text
    assert "openai/other" not in world.bob.get(f"{HERE}/aider?model=other").text


def test_a_fresh_key_is_for_the_gateway_only_and_shown_once(world: World, upstream: Upstream) -> None:
    page = make(world)
    assert "YOUR_KEY" not in page.replace("takes the place of YOUR_KEY", "")
    assert page.count(secret(page)) >= 3
    with world.control() as control:
        (made,) = keys.every(control, world.acme.id)
    assert (made.name, made.gateway_only, made.role, made.budget_nano) == ("Laptop", True, "viewer", 20_000_000_000)
    assert made.expires_at
    assert secret(page) not in world.alice.get(f"{HERE}/openai-sdk?key={made.id}").text
    assert world.program(secret(page)).get("/api/v1/tasks").status_code == 403


def test_a_refused_form_keeps_what_was_typed(world: World, upstream: Upstream) -> None:
    answer = world.alice.post(f"{HERE}/codex", data={"name": "Mine", "expires": "yesterday", "budget_usd": "7"})
    assert answer.status_code == 422
    assert 'value="Mine"' in answer.text
    assert 'value="yesterday"' in answer.text
    assert "take a time such as" in answer.text


def test_only_an_admin_makes_keys(world: World, upstream: Upstream) -> None:
    assert world.otto.post(f"{HERE}/codex", data={"name": "x"}).status_code == 403
    assert "An admin makes the key" in world.otto.get(f"{HERE}/codex").text


def test_the_first_call_ticks(world: World, upstream: Upstream) -> None:
    page = make(world)
    assert "Waiting for the first call" in page
    assert world.program(secret(page)).post("/gw/v1/chat/completions", content=tools.chat()).status_code == 200
    until(lambda: "First call seen" in seen(world, key_id(page)))
    assert f">{tools.GPT}</a>" in seen(world, key_id(page))
    assert "17 tokens" in seen(world, key_id(page))


def test_a_wrong_key_a_wrong_model_and_a_failing_account_are_told_with_what_to_do(
    world: World, upstream: Upstream
) -> None:
    page = make(world)
    tool, key = world.program(secret(page)), key_id(page)
    assert world.program(secret(page) + "x").post("/gw/v1/messages", content=tools.message()).status_code == 401
    until(lambda: "Another key was sent" in seen(world, key))
    assert tool.post("/gw/v1/chat/completions", content=tools.chat(model="nobody's")).status_code == 404
    until(lambda: "This model is not served" in seen(world, key))
    upstream.answers.clear()
    upstream.will(Answer(status=401, body=b'{"error": {"message": "Bad key"}}'))
    assert tool.post("/gw/v1/chat/completions", content=tools.chat()).status_code >= 400
    until(lambda: "The provider refused the key" in seen(world, key))


def test_a_used_up_budget_of_the_key_is_told(world: World, upstream: Upstream) -> None:
    page = make(world, budget_usd="0.000001")
    world.program(secret(page)).post("/gw/v1/chat/completions", content=tools.chat())
    until(lambda: "A budget stopped the call" in seen(world, key_id(page)))
    assert f"{world.bob.pages}/budgets" in seen(world, key_id(page))


def test_the_api_gives_the_same_lines(world: World, upstream: Upstream) -> None:
    listed = world.bob.get(f"{world.bob.api}/connect").json()
    assert [tool["id"] for tool in listed["items"]] == list(TOOLS)
    assert tools.GPT in listed["models"]
    found = world.bob.get(f"{world.bob.api}/connect/codex").json()
    assert (found["address"], found["model"]) == ("http://box.test/gw/v1", tools.GPT)
    assert 'wire_api = "responses"' in found["blocks"][0]["text"]
    key = key_id(make(world))
    assert world.bob.get(f"{world.bob.api}/connect/keys/{key}").json()["call"] is None


def test_the_way_there_is_in_the_rail_and_in_the_first_steps(world: World) -> None:
    home = world.alice.get(f"{world.alice.pages}/").text
    assert 'data-command="Connect a tool"' in home
    assert "connect Claude Code, Codex, aider or an SDK" in home


def test_charlie_gets_404(world: World, upstream: Upstream) -> None:
    key = key_id(make(world))
    for path in (HERE, f"{HERE}/codex", f"{HERE}/codex/seen?key={key}"):
        assert world.charlie.get(path).status_code == 404
    assert world.charlie.get(f"/t/globex/connect/codex/seen?key={key}").status_code == 404
    assert world.charlie.post(f"{HERE}/codex", data={"name": "x"}).status_code == 404
    assert world.charlie.get(f"/api/v1/t/globex/connect/keys/{key}").status_code == 404
    assert world.bob.get(f"{HERE}/emacs").status_code == 404


def test_the_names_are_those_that_the_gateway_lists(world: World, upstream: Upstream) -> None:
    listed = world.program(secret(make(world))).get("/gw/v1/models").json()["data"]
    names = world.bob.get(f"{world.bob.api}/connect").json()["models"]
    assert sorted(names) == [model["id"] for model in listed]
