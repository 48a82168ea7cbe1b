"""A settled call as an OpenTelemetry span, by the conventions for generative AI: never a word of what was said.

https://github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/client-inference.md (v0.1.0); OTLP/JSON as in
https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from appliance import __version__, clock
from appliance.domain.ledger_rows import Settled

CLIENT, ERROR = 3, 2
NANO = 1_000_000_000
# Kinds that the conventions have a name for; any other is its own.
PROVIDERS = {"anthropic": "anthropic", "openai": "openai"}
RESOURCE = {"service.name": "agenthq", "service.version": __version__}


class About(NamedTuple):
    """What a call's ids stand for."""

    tenant: str
    kind: str


class Noted(NamedTuple):
    tenant_id: str
    settled: Settled


Look = Callable[[str, str], About]


def batch(noted: Iterable[Noted], look: Look) -> bytes:
    """The body of one request to a collector; `look(tenant_id, provider_id)` tells what the ids stand for."""
    spans = [_span(settled, look(tenant_id, _provider(settled))) for tenant_id, settled in noted]
    scope = {"scope": {"name": "agenthq.calls", "version": __version__}, "spans": spans}
    resource = {"attributes": _pairs(RESOURCE)}
    return msgspec.json.encode({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]})


def _span(settled: Settled, about: About) -> dict[str, Any]:
    call = settled.call
    attributes = _asked(call, about) | _answered(settled) | _ours(call, about)
    start, end = _nano(call["started_at"]), _nano(call["finished_at"])
    failed = call["state"] != "ok"
    return {
        # The calls of a run belong together; one of a tool stands alone.
        "traceId": (call["run_id"] or call["id"]).replace("-", ""),
        "spanId": call["id"].replace("-", "")[16:],
        "name": f"{attributes['gen_ai.operation.name']} {attributes['gen_ai.request.model']}",
        "kind": CLIENT,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(max(start, end)),
        "attributes": _pairs(attributes),
        "status": {"code": ERROR, "message": call["failure_code"]} if failed else {},
    }


def _provider(settled: Settled) -> str:
    """Who answered, or was asked last."""
    last = settled.attempts[-1].provider_id if settled.attempts else settled.call["provider_id"]
    return str(last)


def _asked(call: dict[str, Any], about: About) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "embeddings" if call["surface"] == "embeddings" else "chat",
        "gen_ai.provider.name": PROVIDERS.get(about.kind, about.kind),
        "gen_ai.request.model": call["asked_model"] or call["model"],
        "gen_ai.request.stream": True if call["streamed"] else None,
        "gen_ai.conversation.id": call["session_id"],
        "gen_ai.agent.id": call["agent_id"],
    }


def _answered(settled: Settled) -> dict[str, Any]:
    call, attempts = settled
    last = attempts[-1] if attempts else None
    first = call["first_byte_ms"] if call["streamed"] else None
    return {
        "gen_ai.response.model": last.model_reported if last else "",
        "gen_ai.response.id": last.request_id if last else "",
        "gen_ai.response.time_to_first_chunk": None if first is None else first / 1000,
        "gen_ai.usage.input_tokens": call["input_total"],
        "gen_ai.usage.output_tokens": call["output_total"],
        "gen_ai.usage.cache_read.input_tokens": call["cache_read"] or None,
        "gen_ai.usage.cache_write.input_tokens": call["cache_write"] or None,
        "gen_ai.usage.reasoning.output_tokens": call["reasoning"] or None,
        "error.type": call["error_type"],
    }


def _ours(call: dict[str, Any], about: About) -> dict[str, Any]:
    cost = call["cost_nano"]
    return {
        "agenthq.tenant": about.tenant,
        "agenthq.surface": call["surface"],
        "agenthq.call.id": call["id"],
        "agenthq.key.id": call["key_id"],
        "agenthq.task.id": call["task_id"],
        "agenthq.run.id": call["run_id"],
        "agenthq.attempts": call["attempts"],
        "agenthq.cost_usd": None if cost is None else cost / NANO,
        "agenthq.cost_source": call["cost_source"],
        "agenthq.simulated": True if call["simulated"] else None,
    }


def _pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Without those that have no value."""
    given = ((key, value) for key, value in attributes.items() if value not in (None, ""))
    return [{"key": key, "value": _value(value)} for key, value in given]


def _value(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        # 64 bits are text in OTLP's JSON.
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}


def _nano(iso: str) -> int:
    return int(clock.parse(iso).timestamp() * 1_000_000) * 1000
