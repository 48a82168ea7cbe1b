"""Calls of tools outside: what they send and get back is byte for byte what the provider got and sent."""

import json

import httpx
import pytest

from tests.gateway import upstream
from tests.gateway.upstream import Answer, Upstream, streamed
from tests.web import tools
from tests.web.tools import CHAT, CLAUDE, GPT, MESSAGE, chat, message, said
from tests.world import World

RESPONSE = {"id": "resp_1", "object": "response", "model": GPT, "output": [], "status": "completed"}
RESPONSE |= {"usage": {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17}}
EMBEDDED = {"object": "list", "data": [], "model": "text-embedding-3-small", "usage": {"prompt_tokens": 3}}
ASKED = {
    "/chat/completions": (chat(), CHAT),
    "/responses": (json.dumps({"input": "Hi", "model": GPT}, indent=4).encode(), RESPONSE),
    "/embeddings": (b'{"input":["a","b"] , "model":"text-embedding-3-small"}', EMBEDDED),
    "/messages": (message(), MESSAGE),
}


@pytest.mark.parametrize("path", ASKED)
def test_a_call_and_its_answer_pass_byte_for_byte_and_are_in_the_ledger(
    world: World, fake: Upstream, tool: httpx.Client, path: str
) -> None:
    body, answer = ASKED[path]
    fake.will(said(answer))
    got = tool.post(f"/gw/v1{path}?beta=true", content=body)
    assert (got.status_code, got.content) == (200, fake.answers[0].body)
    (sent,) = fake.received
    assert (sent.path, sent.body) == (f"/v1{path}?beta=true", body)
    call = tools.booked(world)
    assert (call["state"], call["surface"], call["id"]) == ("ok", path.split("/")[1], got.headers["x-request-id"])
    assert call["cost_nano"] > 0 and call["duration_ms"] is not None


@pytest.mark.parametrize(
    "path", ["/gw/v1/messages", "/gw/messages", "/gw/v1/v1/messages", "/gw/v1/messages/", "/gw/v1/messages?beta=true"]
)
def test_an_address_is_found_however_a_client_builds_it(fake: Upstream, tool: httpx.Client, path: str) -> None:
    fake.will(said(MESSAGE))
    assert tool.post(path, content=message()).json() == MESSAGE


def test_the_base_address_answers_to_anybody(world: World) -> None:
    for path in ("/gw", "/gw/", "/gw/v1"):
        assert world.stranger.head(path).status_code == world.stranger.get(path).status_code == 200


def test_what_is_told_of_the_tool_and_what_is_not(fake: Upstream, tool: httpx.Client) -> None:
    fake.will(said(MESSAGE))
    told = {"anthropic-version": "2023-01-01", "anthropic-beta": "a,b", "x-stainless-lang": "python", "x-app": "cli"}
    kept = {"cookie": "ahq_session=x", "x-forwarded-for": "10.0.0.1", "openai-organization": "org", "te": "trailers"}
    tool.post("/gw/v1/messages", content=message(), headers=told | kept | {"openai-beta": "x", "user-agent": "claude"})
    sent = fake.received[0].headers
    assert sent.items() >= (told | {"user-agent": "claude", "x-api-key": "sk-of-the-account"}).items()
    assert not (kept | {"authorization": "", "openai-beta": "", "x-agenthq-agent": ""}).keys() & sent.keys()
    assert sent["accept-encoding"] == "identity" and tool.headers["authorization"] not in str(sent)


def test_what_comes_back_of_the_account_s_own_headers(fake: Upstream, tool: httpx.Client) -> None:
    leaky = {"anthropic-ratelimit-requests-remaining": "7", "set-cookie": "a=b", "request-id": "req_up", "server": "x"}
    fake.will(Answer(body=said(MESSAGE).body, headers=leaky))
    got = tool.post("/gw/v1/messages", content=message()).headers
    assert got["x-agenthq-upstream-request-id"] == "req_up"
    assert got["request-id"] == got["x-request-id"] != "req_up"
    assert not {"anthropic-ratelimit-requests-remaining", "set-cookie", "server"} & got.keys()


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_the_key_is_taken_from_either_header(world: World, fake: Upstream, tool: httpx.Client, header: str) -> None:
    fake.will(said(CHAT))
    secret = tool.headers["authorization"]
    value = secret if header == "authorization" else secret.removeprefix("Bearer ")
    client = world.program("")
    del client.headers["authorization"]
    assert client.post("/gw/v1/chat/completions", content=chat(), headers={header: value}).status_code == 200


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_only_the_name_of_the_model_changes_where_the_account_has_another(
    world: World, fake: Upstream, tool: httpx.Client, path: str
) -> None:
    body, answer = ASKED[path]
    fake.will(said(answer))
    model, account = (CLAUDE, "anthropic") if path == "/messages" else (GPT, "openai")
    named = body.replace(b'"' + model.encode(), b'"' + account.encode() + b"/" + model.encode())
    assert tool.post(f"/gw/v1{path}", content=named).status_code == 200
    assert fake.received[0].body == body


def test_a_stream_passes_piece_by_piece_and_byte_for_byte(world: World, fake: Upstream, tool: httpx.Client) -> None:
    events = tools.MESSAGE_EVENTS
    fake.will(streamed(events[0], *(upstream.Piece(event, wait=True) for event in events[1:])))
    with tool.stream("POST", "/gw/v1/messages", content=message(stream=True)) as got:
        assert got.headers["content-type"] == "text/event-stream"
        pieces = got.iter_raw()
        for event in events:
            assert next(pieces) == event
            fake.go.release()
        assert b"".join(pieces) == b""
    call = tools.booked(world)
    assert (call["input_total"], call["cache_read"], call["output_total"]) == (1512, 300, 9)
    assert call["streamed"] and call["first_byte_ms"] is not None


def test_a_stream_cut_anywhere_by_the_network_is_whole_again(fake: Upstream, tool: httpx.Client) -> None:
    whole = b"".join(tools.MESSAGE_EVENTS)
    fake.will(streamed(*(whole[at : at + 7] for at in range(0, len(whole), 7))))
    assert tool.post("/gw/v1/messages", content=message(stream=True)).content == whole


def test_the_usage_of_a_chat_stream_is_asked_for_and_its_chunk_kept_from_a_tool_that_did_not(
    world: World, fake: Upstream, tool: httpx.Client
) -> None:
    *events, usage, done = tools.CHAT_EVENTS
    fake.will(streamed(*tools.CHAT_EVENTS))
    body = chat(stream=True)
    assert tool.post("/gw/v1/chat/completions", content=body).content == b"".join([*events, done])
    assert fake.received[0].body == body.replace(b"{", b'{"stream_options":{"include_usage":true},', 1)
    assert tools.booked(world)["input_total"] == 12
    asking = chat(stream=True, stream_options={"include_usage": True})
    assert tool.post("/gw/v1/chat/completions", content=asking).content == b"".join([*events, usage, done])
    assert fake.received[1].body == asking


def test_an_account_that_refuses_to_be_asked_for_the_usage_is_asked_without(
    world: World, fake: Upstream, tool: httpx.Client
) -> None:
    refusal = said({"error": {"message": "Unrecognized request argument: stream_options", "type": "invalid"}})
    refusal.status = 400
    fake.will(refusal, streamed(*tools.CHAT_EVENTS))
    body = chat(stream=True)
    assert tool.post("/gw/v1/chat/completions", content=body).content == b"".join(tools.CHAT_EVENTS)
    assert fake.received[1].body == body
    tool.post("/gw/v1/chat/completions", content=body)
    assert len(fake.received) == 3


def test_a_prompt_is_stored_nowhere(world: World, fake: Upstream, tool: httpx.Client) -> None:
    canary = "canary-5f2b9c61"
    refusal = said({"error": {"message": f"I do not like {canary}", "type": "invalid_request_error"}})
    refusal.status = 400
    fake.will(said(CHAT | {"choices": [{"message": {"content": canary}}]}), refusal, said(CHAT))
    for _ in range(2):
        tool.post("/gw/v1/chat/completions", content=chat(messages=[{"role": "user", "content": canary}], user=canary))
    tools.booked(world, 2)
    files = [path for path in world.catalogue.folder.rglob("*") if path.is_file()]
    assert [path for path in files if canary.encode() in path.read_bytes()] == []
    with world.db() as db:
        kept = db.rows("SELECT * FROM calls") + db.rows("SELECT * FROM attempts")
    assert len(kept) == 4 and canary not in str(kept)


def test_models_in_one_body_that_both_families_take(tool: httpx.Client) -> None:
    listed = tool.get("/gw/v1/models").json()
    assert [model["id"] for model in listed["data"]] == [CLAUDE, GPT, "text-embedding-3-small"]
    assert (listed["object"], listed["has_more"], listed["models"]) == ("list", False, [])
    assert (listed["first_id"], listed["last_id"]) == (CLAUDE, "text-embedding-3-small")
    assert tool.get(f"/gw/v1/models/{GPT}").json()["type"] == "model"
    assert tool.get("/gw/v1/models/nothing").json()["error"]["code"] == "model_not_found"


def test_tokens_are_counted_by_the_account_where_it_can_and_estimated_elsewhere(
    world: World, fake: Upstream, tool: httpx.Client
) -> None:
    fake.will(said({"input_tokens": 77}))
    counted = tool.post("/gw/v1/messages/count_tokens", content=message())
    assert (counted.json(), counted.headers.get("x-agenthq-count")) == ({"input_tokens": 77}, None)
    assert (fake.received[0].path, fake.received[0].body) == ("/v1/messages/count_tokens", message())
    guessed = tool.post("/gw/v1/messages/count_tokens", content=message(model=GPT, system="x" * 3200))
    assert guessed.headers["x-agenthq-count"] == "estimate" and guessed.json()["input_tokens"] > 1000
    with world.db() as db:
        assert db.rows("SELECT id FROM calls") == []


def test_charlie_s_key_reaches_nothing_of_acme(world: World, fake: Upstream, tool: httpx.Client) -> None:
    charlie = tools.tool(world, owner=world.charlie)
    assert charlie.get("/gw/v1/models").json()["data"] == []
    assert charlie.post("/gw/v1/messages", content=message()).status_code == 404
    assert fake.received == []
