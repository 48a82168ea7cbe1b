"""A call as a span by the conventions for generative AI."""

from typing import Any

import msgspec

from appliance.domain.ledger_rows import Attempt, Settled
from appliance.metrics.spans import About, Noted, batch
from tests.metrics.settling import settled


def spans(*calls: Settled) -> list[dict[str, Any]]:
    body = batch([Noted("t1", call) for call in calls], lambda tenant, provider: About("acme", provider))
    (resource,) = msgspec.json.decode(body)["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    return scope["spans"]


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in span["attributes"]}


def test_an_answered_call_carries_the_names_of_the_conventions() -> None:
    call = settled(7, session_id="s-1", streamed=True, cache_read=60, cache_write=10, reasoning=5, key_id="k-1")
    sent = Attempt("anthropic", "claude-opus-4-8", "claude-opus-4-8-20260901", "msg_1")
    (span,) = spans(Settled(call.call | {"model": "claude-opus-4-8", "asked_model": "opus"}, [sent]))
    assert (span["name"], span["kind"], span["status"]) == ("chat opus", 3, {})
    assert span["spanId"] == "8000000000000007"
    assert span["traceId"] == "0193a1c2000070008000000000000007"
    assert span["startTimeUnixNano"] == "1795780800000000000"
    assert int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]) == 900_000_000
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "opus",
        "gen_ai.request.stream": True,
        "gen_ai.conversation.id": "s-1",
        "gen_ai.response.model": "claude-opus-4-8-20260901",
        "gen_ai.response.id": "msg_1",
        "gen_ai.response.time_to_first_chunk": 0.04,
        "gen_ai.usage.input_tokens": "100",
        "gen_ai.usage.output_tokens": "20",
        "gen_ai.usage.cache_read.input_tokens": "60",
        "gen_ai.usage.cache_write.input_tokens": "10",
        "gen_ai.usage.reasoning.output_tokens": "5",
        "agenthq.tenant": "acme",
        "agenthq.surface": "chat",
        "agenthq.call.id": "0193a1c2-0000-7000-8000-000000000007",
        "agenthq.key.id": "k-1",
        "agenthq.attempts": "1",
        "agenthq.cost_usd": 0.000001,
        "agenthq.cost_source": "catalogue",
    }


def test_calls_of_a_run_are_one_trace() -> None:
    run = "0193a1c2-1111-7000-8000-000000000001"
    first, second = spans(settled(1, run_id=run), settled(2, run_id=run))
    assert first["traceId"] == second["traceId"] == run.replace("-", "")
    assert first["spanId"] != second["spanId"]


def test_a_failed_call_says_what_kind_of_error_it_was() -> None:
    (span,) = spans(settled(state="failed", error_type="provider_rate", failure_code="provider_rate_limited"))
    assert span["status"] == {"code": 2, "message": "provider_rate_limited"}
    assert attributes(span)["error.type"] == "provider_rate"


def test_embeddings_are_their_own_operation_and_an_unknown_cost_is_left_out() -> None:
    (span,) = spans(settled(surface="embeddings", cost_nano=None))
    assert span["name"] == "embeddings gpt-5"
    assert "agenthq.cost_usd" not in attributes(span)
