"""A tool that speaks one protocol is answered by an account that speaks another, or by the simulated provider."""

import json
import subprocess
import sys
from typing import Any

import httpx
import pytest

from appliance.domain import samples
from tests.gateway.upstream import Answer, Upstream, streamed
from tests.web import tools
from tests.web.tools import CHAT, CLAUDE, GPT, MESSAGE, chat, message, said
from tests.world import World

RESPONSES = b'{"model":"%s","input":"Hi"}'


@pytest.fixture
def tool(world: World, fake: Upstream) -> httpx.Client:
    tools.connect(world, fake, "openai-compatible", models=[GPT])
    tools.connect(world, fake, "anthropic")
    return tools.tool(world)


def text_of(body: dict[str, Any]) -> str:
    if "choices" in body:
        return str(body["choices"][0]["message"]["content"])
    return str(body["content"][0]["text"] if "content" in body else body["output"][0]["content"][0]["text"])


ACROSS = [
    ("/messages", message(model=GPT), CHAT, "/v1/chat/completions"),
    ("/responses", RESPONSES % GPT.encode(), CHAT, "/v1/chat/completions"),
    ("/chat/completions", chat(model=CLAUDE), MESSAGE, "/v1/messages"),
    ("/responses", RESPONSES % CLAUDE.encode(), MESSAGE, "/v1/messages"),
]


@pytest.mark.parametrize(("path", "body", "answer", "asked"), ACROSS)
def test_a_whole_answer_across_protocols(
    world: World, fake: Upstream, tool: httpx.Client, path: str, body: bytes, answer: dict[str, Any], asked: str
) -> None:
    fake.will(said(answer))
    got = tool.post(f"/gw/v1{path}?beta=true", content=body, headers={"anthropic-beta": "x", "openai-beta": "y"})
    assert (got.status_code, text_of(got.json()), fake.received[0].path) == (200, "Hi.", asked)
    assert got.headers["x-agenthq-route"].endswith("; protocol=" + ("messages" if answer is MESSAGE else "chat"))
    assert len({"anthropic-beta", "openai-beta"} & fake.received[0].headers.keys()) == 1
    call = tools.booked(world)
    assert (call["state"], call["output_total"], call["surface"]) == ("ok", 5, path.split("/")[1])
    assert call["cost_nano"] > 0


@pytest.mark.parametrize(("path", "body", "answer", "asked"), ACROSS)
def test_a_stream_across_protocols(
    world: World, fake: Upstream, tool: httpx.Client, path: str, body: bytes, answer: dict[str, Any], asked: str
) -> None:
    fake.will(streamed(*(tools.CHAT_EVENTS if answer is CHAT else tools.MESSAGE_EVENTS)))
    got = tool.post(f"/gw/v1{path}", content=body.replace(b"{", b'{"stream":true,', 1))
    assert got.headers["content-type"] == "text/event-stream"
    ends = {"/messages": b"message_stop", "/chat/completions": b"[DONE]", "/responses": b"response.completed"}
    assert ends[path] in got.content and b"event: error" not in got.content
    assert (tools.booked(world)["state"], tools.booked(world)["streamed"]) == ("ok", True)


@pytest.mark.parametrize(("path", "body", "answer", "asked"), ACROSS)
def test_an_error_is_in_the_words_of_the_tool_not_of_the_account(
    fake: Upstream, tool: httpx.Client, path: str, body: bytes, answer: dict[str, Any], asked: str
) -> None:
    refusal = said(
        {"type": "error", "error": {"type": "invalid_request_error", "message": "No such voice.", "mark": 1}}
    )
    fake.will(Answer(status=400, body=refusal.body))
    got = tool.post(f"/gw/v1{path}", content=body)
    assert got.status_code == 400 and "mark" not in got.text and "No such voice." in got.json()["error"]["message"]
    assert ("code" in got.json()["error"]) == (path != "/messages")


@pytest.mark.parametrize(("path", "body", "answer", "asked"), ACROSS)
def test_a_translated_stream_that_breaks_off_says_so_once(
    world: World, fake: Upstream, tool: httpx.Client, path: str, body: bytes, answer: dict[str, Any], asked: str
) -> None:
    fake.will(streamed(*(tools.CHAT_EVENTS[:1] if answer is CHAT else tools.MESSAGE_EVENTS[:2])))
    got = tool.post(f"/gw/v1{path}", content=body.replace(b"{", b'{"stream":true,', 1))
    assert got.content.count(b"The answer was cut off") == 1
    assert tools.booked(world)["failure_code"] == "stream_cut"


def test_what_the_account_can_not_be_asked_is_named(fake: Upstream, tool: httpx.Client) -> None:
    fake.will(said(CHAT))
    got = tool.post("/gw/v1/messages", content=message(model=GPT, top_k=5))
    assert got.headers["x-agenthq-lossy"]


def test_an_account_without_embeddings_says_so(fake: Upstream, tool: httpx.Client) -> None:
    got = tool.post("/gw/v1/embeddings", content=json.dumps({"model": CLAUDE, "input": "a"}).encode())
    assert (got.status_code, fake.received) == (400, [])
    assert "makes no embeddings" in got.json()["error"]["message"]


SIMULATED = {
    "/messages": message(model="sim-swift"),
    "/chat/completions": chat(model="sim-swift"),
    "/responses": RESPONSES % b"sim-swift",
}


@pytest.fixture
def simulated(world: World) -> httpx.Client:
    with world.db() as db:
        samples.add_simulated(db, world.alice.actor, world.vault, pace="instant")
    return tools.tool(world)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", SIMULATED)
def test_the_simulated_provider_answers_on_every_surface(
    world: World, simulated: httpx.Client, path: str, stream: bool
) -> None:
    body = SIMULATED[path].replace(b"{", b'{"stream":true,', 1) if stream else SIMULATED[path]
    got = simulated.post(f"/gw/v1{path}", content=body)
    assert got.status_code == 200
    assert stream == (got.headers["content-type"] == "text/event-stream")
    assert stream or text_of(got.json())
    call = tools.booked(world)
    assert (call["state"], call["simulated"], call["cost_source"]) == ("ok", True, "simulated")
    assert call["output_total"] > 0


def test_the_simulated_provider_embeds(world: World, simulated: httpx.Client) -> None:
    got = simulated.post("/gw/v1/embeddings", json={"model": "sim-swift", "input": ["a", "b"]})
    assert len(got.json()["data"]) == 2
    assert tools.booked(world)["state"] == "ok"


def test_the_simulated_provider_fails_as_it_is_told(world: World, simulated: httpx.Client) -> None:
    got = simulated.post("/gw/v1/chat/completions", json={"model": "nothing-simulated", "messages": []})
    assert got.status_code == 404
    told = [{"role": "user", "content": "sim: fail 400"}]
    got = simulated.post("/gw/v1/chat/completions", json={"model": "sim-swift", "messages": told})
    assert (got.status_code, got.json()["error"]["type"]) == (400, "invalid_request_error")


def test_nothing_that_translates_is_loaded_before_a_call_needs_it() -> None:
    program = """
import sys
import appliance.web.surfaces_calls
print([name for name in sys.modules if "gateway.translate" in name])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
