"""What a tool is told when it gets no answer: in the shape of its surface, so that it stops or comes again rightly."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from appliance.domain import budgets, keys, rates, stops
from appliance.domain.rates import NewRates
from appliance.domain.stops import NewStop
from tests.gateway.upstream import Answer, Piece, Upstream, streamed
from tests.waiting import until
from tests.web import tools
from tests.web.tools import CHAT, CLAUDE, GPT, MESSAGE, chat, message, said
from tests.world import World

PATHS = {"/messages": message(), "/chat/completions": chat(), "/responses": b'{"model":"gpt-5","input":"Hi"}'}
OVER = [(path, 402 if path == "/messages" else 400) for path in PATHS]


def failing(status: int, kind: str = "api_error", **headers: str) -> Answer:
    told = said({"type": "error", "error": {"type": kind, "message": "No."}})
    return Answer(status=status, body=told.body, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize(("path", "status"), OVER)
def test_a_budget_that_is_used_up_stops_a_tool_at_once(
    world: World, fake: Upstream, tool: httpx.Client, path: str, status: int
) -> None:
    with world.db() as db:
        budgets.put(db, world.alice.actor, "tenant", "", "month", 10)
    got = tool.post(f"/gw/v1{path}", content=PATHS[path])
    assert (got.status_code, got.headers["x-should-retry"], got.headers["x-agenthq-reason"]) == (
        status,
        "false",
        "budget",
    )
    assert "retry-after" not in got.headers and fake.received == []
    error = got.json()["error"]
    if path == "/messages":
        assert error["type"] == "billing_error" and error["details"] == {"error_code": "agenthq_budget_exceeded"}
        assert got.json()["type"] == "error" and got.json()["request_id"] == got.headers["request-id"]
    else:
        assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
    assert "may spend" in error["message"]


@pytest.mark.parametrize("path", PATHS)
def test_a_rate_limit_says_when_to_come_again(world: World, fake: Upstream, tool: httpx.Client, path: str) -> None:
    fake.will(said(CHAT))
    with world.db() as db:
        rates.put(db, world.alice.actor, NewRates(requests=1))
    first, second = (tool.post(f"/gw/v1{path}", content=PATHS[path]) for _ in range(2))
    assert (first.status_code, second.status_code, second.headers["x-agenthq-reason"]) == (200, 429, "rate")
    milliseconds = int(second.headers["retry-after-ms"])
    assert 0 < milliseconds <= 61_000
    assert int(second.headers["retry-after"]) == -(-milliseconds // 1000)
    assert "x-should-retry" not in second.headers
    assert second.json()["error"]["type"] == ("rate_limit_error" if path == "/messages" else "requests")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("case", "status", "words"),
    [
        ("no key", 401, "Send a key of this box"),
        ("wrong key", 401, "not known here"),
        ("viewer", 403, "viewer"),
        ("garbage", 400, "not a JSON object"),
        ("no model", 400, "model is missing"),
        ("model twice", 400, "given twice"),
        ("unknown model", 404, "No provider account serves"),
        ("get", 405, "Send POST"),
        ("nowhere", 404, "There is nothing at"),
    ],
)
def test_refusals_take_the_shape_of_the_surface(
    world: World, fake: Upstream, tool: httpx.Client, path: str, case: str, status: int, words: str
) -> None:
    bodies: dict[str, Any] = {
        "garbage": b"[1",
        "no model": b"{}",
        "unknown model": b'{"model":"x","input":"","messages":[]}',
    }
    bodies["model twice"] = b'{"model":"gpt-5","model":"x"}'
    headers = {"no key": {"authorization": ""}, "wrong key": {"authorization": "Bearer ahq_x"}}.get(case, {})
    client = tools.tool(world, gateway_only=False, role="viewer") if case == "viewer" else tool
    headers |= {"anthropic-version": "2023-06-01"} if path == "/messages" else {}
    method, place = ("GET" if case == "get" else "POST"), f"/gw/v1{path}{'/x' if case == 'nowhere' else ''}"
    got = client.request(method, place, content=bodies.get(case, PATHS[path]), headers=headers)
    assert got.status_code == status
    assert words in got.json()["error"]["message"]
    assert ("code" in got.json()["error"]) == (path != "/messages") == ("type" not in got.json())
    assert (fake.received, got.headers["x-should-retry"]) == ([], "false")


def test_a_body_that_is_too_large_is_refused_in_shape(fake: Upstream, tool: httpx.Client) -> None:
    got = tool.post("/gw/v1/messages", content=b" " * (32 * 2**20 + 1))
    assert (got.status_code, got.json()["error"]["type"]) == (413, "request_too_large")


def test_a_revoked_key_stops_within_a_second(world: World, fake: Upstream, tool: httpx.Client) -> None:
    fake.will(said(CHAT))
    assert tool.post("/gw/v1/chat/completions", content=chat()).status_code == 200
    with world.control() as control:
        keys.revoke(control, world.alice.actor, world.acme.id, keys.every(control, world.acme.id)[0].id)
    until(lambda: tool.post("/gw/v1/chat/completions", content=chat()).status_code == 401, 2)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_again_and_booked_once(
    world: World, fake: Upstream, tool: httpx.Client, status: int
) -> None:
    fake.will(failing(status), said(MESSAGE))
    assert tool.post("/gw/v1/messages", content=message()).json() == MESSAGE
    assert [sent.body for sent in fake.received] == [message()] * 2
    tools.booked(world)
    with world.db() as db:
        assert db.rows("SELECT n, status, cost_nano > 0 AS paid FROM attempts ORDER BY n") == [
            {"n": 1, "status": status, "paid": False},
            {"n": 2, "status": 200, "paid": True},
        ]


@pytest.mark.parametrize("status", [400, 404, 422])
def test_what_will_not_pass_is_told_in_the_provider_s_own_words_at_once(
    world: World, fake: Upstream, tool: httpx.Client, status: int
) -> None:
    fake.will(failing(status, "invalid_request_error"))
    got = tool.post("/gw/v1/messages", content=message())
    assert (got.status_code, got.content, len(fake.received)) == (status, fake.answers[0].body, 1)
    assert tools.booked(world)["cost_nano"] == 0


def test_a_provider_that_stays_busy_is_asked_three_times_and_its_wait_is_passed_on(
    fake: Upstream, tool: httpx.Client
) -> None:
    fake.will(failing(429, "rate_limit_error", retry_after_ms="50"))
    got = tool.post("/gw/v1/messages", content=message())
    assert (got.status_code, got.content, len(fake.received)) == (429, fake.answers[0].body, 3)
    assert (got.headers["retry-after"], got.headers["retry-after-ms"]) == ("1", "50")
    fake.will(failing(429, "rate_limit_error", retry_after="120"))
    fake.answers.popleft()
    assert tool.post("/gw/v1/messages", content=message()).headers["retry-after"] == "120"
    assert len(fake.received) == 4


@pytest.mark.parametrize("status", [401, 402, 403])
def test_what_the_provider_says_of_its_own_key_is_not_for_the_tool(
    world: World, fake: Upstream, tool: httpx.Client, status: int
) -> None:
    secret = said({"error": {"message": "Incorrect API key: sk-of-the-account", "type": "authentication_error"}})
    fake.will(Answer(status=status, body=secret.body))
    got = tool.post("/gw/v1/messages", content=message())
    assert (got.status_code, got.headers["x-should-retry"], len(fake.received)) == (502, "false", 1)
    assert "sk-of" not in got.text and "provider" in got.json()["error"]["message"].lower()


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"", b"[]"])
def test_an_answer_that_is_none_is_an_error_of_the_provider(
    world: World, fake: Upstream, tool: httpx.Client, body: bytes
) -> None:
    fake.will(Answer(body=body))
    got = tool.post("/gw/v1/chat/completions", content=chat())
    assert (got.status_code, got.json()["error"]["type"]) == (502, "server_error")
    assert tools.booked(world)["failure_code"] == "provider_garbage"


def test_a_provider_that_is_not_there(world: World, fake: Upstream, tool: httpx.Client) -> None:
    tools.connect(world, fake, "openai-compatible", base_url="http://127.0.0.1:9", models=["gpt-4o"])
    got = tool.post("/gw/v1/chat/completions", content=chat(model="gpt-4o"))
    assert got.status_code == 502 and "can't be reached" in got.json()["error"]["message"]


def test_a_stream_that_begins_with_an_error_can_still_be_answered_by_the_next_try(
    world: World, fake: Upstream, tool: httpx.Client
) -> None:
    busy = tools.event({"type": "error", "error": {"type": "overloaded_error", "message": "Busy."}}, "error")
    fake.will(streamed(busy), streamed(*tools.MESSAGE_EVENTS))
    got = tool.post("/gw/v1/messages", content=message(stream=True))
    assert got.content == b"".join(tools.MESSAGE_EVENTS)
    assert len(fake.received) == 2


ENDS = {
    "/messages": b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"The answer was cut off',
    "/chat/completions": b'data: {"error":{"message":"The answer was cut off',
    "/responses": b'event: response.failed\ndata: {"type":"response.failed","response":{"id":"resp_1"',
}
BEGUN = {
    "/messages": tools.MESSAGE_EVENTS[:2],
    "/chat/completions": tools.CHAT_EVENTS[:1],
    "/responses": [tools.event({"type": "response.created", "response": {"id": "resp_1", "model": GPT}})],
}


@pytest.mark.parametrize("cut", [True, False])
@pytest.mark.parametrize("path", PATHS)
def test_a_stream_that_breaks_off_says_so_in_its_own_protocol_and_costs_what_had_come(
    world: World, fake: Upstream, tool: httpx.Client, path: str, cut: bool
) -> None:
    fake.will(streamed(*BEGUN[path], b"data: {", cut=cut) if cut else streamed(*BEGUN[path]))
    got = tool.post(f"/gw/v1{path}", content=PATHS[path].replace(b"{", b'{"stream":true,', 1))
    begun = b"".join(BEGUN[path])
    assert got.content.startswith(begun + ENDS[path]) and b"[DONE]" not in got.content
    call = tools.booked(world)
    assert (call["state"], call["failure_code"], len(fake.received)) == ("failed", "stream_cut", 1)
    assert call["cost_nano"] > 0


def _long(path: str, length: int) -> bytes:
    return tools.event(
        {
            "/messages": {"type": "content_block_delta", "delta": {"text": "x" * length}},
            "/chat/completions": {"choices": [{"index": 0, "delta": {"content": "x" * length}}]},
            "/responses": {"type": "response.output_text.delta", "delta": "x" * length},
        }[path]
    )


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_beyond_its_money_is_cut_and_the_next_call_refused(
    world: World, fake: Upstream, tool: httpx.Client, path: str
) -> None:
    fake.will(streamed(*BEGUN[path], *[_long(path, 60_000)] * 20, hold=True))
    with world.db() as db:
        budgets.put(db, world.alice.actor, "tenant", "", "month", 150_000_000)
    body = PATHS[path].replace(b"{", b'{"stream":true,', 1).replace(b"100", b"400")
    got = tool.post(f"/gw/v1{path}", content=body)
    assert got.status_code == 200 and len(got.content) < 19 * 60_000
    last = got.content.rsplit(b"data: ", 1)[1]
    assert (b"billing_error" if path == "/messages" else b"insufficient_quota") in last
    call = tools.booked(world)
    assert (call["error_type"], call["cost_nano"] > 0) == ("policy_budget", True)
    assert tool.post(f"/gw/v1{path}", content=body).headers["x-agenthq-reason"] == "budget"


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_that_comes_all_at_once_is_weighed_after_its_opening_event(
    world: World, fake: Upstream, tool: httpx.Client, path: str
) -> None:
    ends = {"/messages": tools.MESSAGE_EVENTS[-2:], "/chat/completions": tools.CHAT_EVENTS[1:], "/responses": []}
    whole = b"".join([*BEGUN[path], *[_long(path, 2_000)] * 15, *ends[path]])
    fake.will(streamed(whole))
    with world.db() as db:
        budgets.put(db, world.alice.actor, "tenant", "", "month", 10**9, budgets.Terms(strict=True))
    most = {"/messages": b"", "/chat/completions": b'"max_tokens":9,', "/responses": b'"max_output_tokens":9,'}
    got = tool.post(f"/gw/v1{path}", content=PATHS[path].replace(b"{", b'{"stream":true,' + most[path], 1))
    assert got.content.startswith(BEGUN[path][0]) and b"xxx" not in got.content
    assert b"held for it" in got.content.rsplit(b"data: ", 1)[1]
    assert (tools.booked(world)["error_type"], len(fake.received)) == ("policy_budget", 1)


@pytest.mark.parametrize("how", ["stop", "revoke"])
def test_the_kill_switch_ends_streams_within_a_second(
    world: World, fake: Upstream, tool: httpx.Client, how: str
) -> None:
    fake.will(streamed(*tools.MESSAGE_EVENTS[:2], hold=True))
    with tool.stream("POST", "/gw/v1/messages", content=message(stream=True)) as got:
        pieces = got.iter_raw()
        next(pieces)
        began = time.monotonic()
        _stop(world, how)
        rest = b"".join(pieces)
    assert time.monotonic() - began < 1.5
    assert rest.rsplit(b"event: ", 1)[1].startswith(b"error\n")
    assert tools.booked(world)["error_type"] == ("policy_stopped" if how == "stop" else "policy_key")
    assert fake.left.wait(5)


SLOW = {
    "whole": Answer(headers={"content-type": "application/json"}, pieces=[Piece(b"{")], hold=True),
    "stream": Answer(pieces=[Piece(tools.MESSAGE_EVENTS[0], wait=True)]),
}


@pytest.mark.parametrize("how", ["stop", "revoke"])
@pytest.mark.parametrize("answer", SLOW)
def test_the_kill_switch_ends_what_has_no_answer_yet_within_a_second(
    world: World, fake: Upstream, tool: httpx.Client, answer: str, how: str
) -> None:
    fake.will(SLOW[answer])
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(tool.post, "/gw/v1/messages", content=message(stream=answer == "stream"))
        until(lambda: fake.received)
        began = time.monotonic()
        _stop(world, how)
        got = asking.result(10)
    assert time.monotonic() - began < 1.5
    wanted = (402, "billing_error") if how == "stop" else (403, "permission_error")
    assert (got.status_code, got.json()["error"]["type"], got.headers["x-should-retry"]) == (*wanted, "false")
    call = tools.booked(world)
    # What was sent may be paid for, and nobody tells how much.
    assert (call["error_type"], call["cost_source"]) == (
        "policy_stopped" if how == "stop" else "policy_key",
        "estimated",
    )
    assert call["cost_nano"] > 0 and len(fake.received) == 1 and fake.left.wait(5)


def _stop(world: World, how: str) -> None:
    if how == "stop":
        with world.db() as db:
            stops.put(db, world.alice.actor, NewStop("model", CLAUDE))
    else:
        with world.control() as control:
            keys.revoke(control, world.alice.actor, world.acme.id, keys.every(control, world.acme.id)[0].id)


def test_what_a_tool_gave_up_is_read_to_its_end_for_the_usage(world: World, fake: Upstream, tool: httpx.Client) -> None:
    begun, *rest = tools.MESSAGE_EVENTS
    fake.will(streamed(begun, *(Piece(event, wait=True) for event in rest)))
    with tool.stream("POST", "/gw/v1/messages", content=message(stream=True)) as got:
        next(got.iter_raw())
    for _ in rest:
        fake.go.release()
    call = tools.booked(world)
    assert (call["state"], call["output_total"], call["cost_source"]) == ("ok", 9, "catalogue")


def test_what_a_tool_gave_up_and_nobody_ends_is_estimated(
    world: World, fake: Upstream, tool: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.web.surfaces_watch.READ_ON_S", 0.1)
    fake.will(streamed(*tools.MESSAGE_EVENTS[:3], hold=True))
    with tool.stream("POST", "/gw/v1/messages", content=message(stream=True)) as got:
        next(got.iter_raw())
    call = tools.booked(world)
    assert (call["error_type"], call["cost_source"]) == ("caller_gone", "estimated")
    assert fake.left.wait(5)


@pytest.mark.parametrize("path", ["/messages", "/chat/completions"])
def test_silence_is_filled_with_signs_of_life(
    fake: Upstream, tool: httpx.Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.web.surfaces_watch.SILENCE_S", 0.1)
    fake.will(streamed(BEGUN[path][0], Piece(BEGUN[path][0], wait=True)))
    body = PATHS[path].replace(b"{", b'{"stream":true,', 1)
    with tool.stream("POST", f"/gw/v1{path}", content=body) as got:
        pieces = got.iter_raw()
        next(pieces)
        assert next(pieces) == (b'event: ping\ndata: {"type": "ping"}\n\n' if path == "/messages" else b": ping\n\n")
        fake.go.release()
