"""What answers tell of themselves, and how streams are split without changing a byte of them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.gateway.surfaces import chat, embeddings, messages, responses
from appliance.gateway.surfaces.events import Splitter, data
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.told import Told
from appliance.gateway.types import Usage

lines = st.sampled_from([b"data: {}", b"event: x", b": comment", b"id: 1", "data: ü".encode(), b""])
ends = st.sampled_from([b"\n", b"\r\n"])


@settings(max_examples=100, deadline=None)
@given(st.lists(lines, max_size=12), ends, st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_a_stream_is_the_same_however_it_is_cut(given_lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    whole = end.join(given_lines)
    splitter, out, at = Splitter(), [], 0
    for n in range(len(whole)):
        size = cuts[n % len(cuts)]
        out += splitter.feed(whole[at : at + size])
        at += size
    assert b"".join(out) + splitter.end() == whole
    assert all(event.endswith((b"\n\n", b"\r\n\r\n")) for event in out)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (b"data: a\n\n", b"a"),
        (b"data:a\r\n\r\n", b"a"),
        (b"event: x\ndata: a\ndata:  b\n\n", b"a\n b"),
        (b": ping\n\n", b""),
        (b"id: 5\n\n", b""),
    ],
)
def test_the_data_of_an_event(event: bytes, said: bytes) -> None:
    assert data(event) == said


def told_by(surface: Any, *events: Any, drop: bool = False) -> Told:
    meter = surface.Meter(drop)
    for event in events:
        meter.take(b"data: " + json.dumps(event).encode() + b"\n\n")
    told: Told = meter.told
    return told


def test_messages_add_up_their_three_inputs_and_the_last_count_replaces() -> None:
    usage = {
        "input_tokens": 12,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 500,
        "output_tokens": 1,
    }
    usage |= {"cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200}}
    start = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": usage}}
    deltas = [{"type": "message_delta", "usage": {"output_tokens": n}} for n in (40, 90)]
    told = told_by(messages, start, *deltas, {"type": "message_stop"})
    assert told.usage == Usage(1512, 1000, 300, 200, 90)
    assert (told.model, told.answer_id, told.finished, told.error) == ("m", "msg_1", True, None)


def test_chat_usage_on_a_chunk_of_its_own_or_with_choices_and_null_in_between() -> None:
    piece = {"choices": [{"delta": {"content": "Hi"}}], "usage": None}
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}], "service_tier": "flex"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}, "cost": 0.25}
    alone = told_by(chat, piece, end, {"choices": [], "usage": usage})
    with_choices = told_by(chat, piece, end | {"usage": usage})
    assert alone.usage == with_choices.usage == Usage(10, 4, output_total=5)
    assert (alone.tier, alone.finished, alone.reported_cost_nano) == ("flex", True, 250_000_000)
    assert alone.output_bytes == 2


def test_only_the_chunk_that_the_box_asked_for_is_kept_back() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    events = [{"choices": [], "usage": usage}, {"choices": [{"delta": {}}], "usage": usage}, {"choices": []}]
    raw = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]
    assert [chat.Meter(drop_usage=True).take(event) for event in raw] == [False, True, True]
    assert [chat.Meter().take(event) for event in raw] == [True, True, True]


def test_responses_tell_at_the_end() -> None:
    usage = {"input_tokens": 10, "output_tokens": 8, "input_tokens_details": {"cached_tokens": 3}}
    usage |= {"output_tokens_details": {"reasoning_tokens": 6}}
    done = {"id": "resp_1", "model": "m", "usage": usage, "output": [{"type": "web_search_call"}, {"type": "message"}]}
    told = told_by(
        responses,
        {"type": "response.output_text.delta", "delta": "Hi"},
        {"type": "response.completed", "response": done},
    )
    assert told.usage == Usage(10, 3, output_total=8, reasoning=6, units={"web_searches": 1})
    assert (told.finished, told.output_bytes) == (True, 2)


@pytest.mark.parametrize(
    ("surface", "event"),
    [
        (messages, {"type": "error", "error": {"type": "overloaded_error"}}),
        (chat, {"error": {"message": "No."}}),
        (responses, {"type": "response.failed", "response": {"error": {"code": "server_error"}}}),
        (responses, {"type": "error", "code": "x", "message": "No."}),
    ],
)
def test_an_error_in_a_stream_is_heard(surface: Any, event: dict[str, Any]) -> None:
    told = told_by(surface, event)
    assert told.error is not None and not told.finished


@pytest.mark.parametrize("surface", [messages, chat, responses])
@pytest.mark.parametrize("text", [b"data: {\n\n", b"data: \xff\n\n", b'data: {"usage": 5, "type": 7}\n\n', b"x\n\n"])
def test_what_can_not_be_read_is_passed_on(surface: Any, text: bytes) -> None:
    meter = surface.Meter(True)
    assert meter.take(text)
    assert (meter.told.usage, meter.told.error) == (None, None)


def test_whole_bodies_tell_the_same() -> None:
    meters = [surface.Meter() for surface in (messages, chat, responses, embeddings)]
    meters[0].whole(b'{"usage":{"input_tokens":3,"output_tokens":2},"model":"m"}')
    meters[1].whole(b'{"usage":{"prompt_tokens":3,"completion_tokens":2},"model":"m","choices":[]}')
    meters[2].whole(b'{"usage":{"input_tokens":3,"output_tokens":2},"model":"m"}')
    meters[3].whole(b'{"usage":{"prompt_tokens":3,"total_tokens":3},"model":"m","data":[]}')
    assert [meter.told.usage.output_total for meter in meters] == [2, 2, 2, 0]
    assert {(meter.told.usage.input_total, meter.told.model, meter.told.finished) for meter in meters} == {
        (3, "m", True)
    }


@pytest.mark.parametrize(("wait", "told"), [(0.05, ("1", "50")), (1.0, ("1", "1000")), (1.2, ("2", "1200"))])
def test_waits_are_told_in_both_units_and_never_too_short(wait: float, told: tuple[str, str]) -> None:
    headers = dict(Fault("rate", "", retry_after_s=wait).headers())
    assert (headers[b"retry-after"].decode(), headers[b"retry-after-ms"].decode()) == told
