"""Settled calls as the ledger notes them."""

from typing import Any

from appliance.domain.ledger_rows import Attempt, Settled


def settled(n: int = 1, *, model: str = "gpt-5", provider: str = "openai", tries: int = 1, **call: Any) -> Settled:
    about = {
        "id": f"0193a1c2-0000-7000-8000-{n:012d}",
        "surface": "chat",
        "provider_id": provider,
        "model": model,
        "asked_model": "",
        "state": "ok",
        "error_type": "",
        "failure_code": "",
        "simulated": False,
        "streamed": False,
        "key_id": None,
        "run_id": None,
        "task_id": None,
        "agent_id": None,
        "session_id": "",
        "attempts": tries,
        "input_total": 100,
        "cache_read": 0,
        "cache_write": 0,
        "output_total": 20,
        "reasoning": 0,
        "cost_nano": 1000,
        "cost_source": "catalogue",
        "first_byte_ms": 40,
        "duration_ms": 900,
        "started_at": "2026-11-27T12:00:00.000000Z",
        "finished_at": "2026-11-27T12:00:00.900000Z",
    } | call
    sent = Attempt(provider, model, input_total=100, output_total=20, cost_nano=1000, cost_source="catalogue")
    return Settled(about, [sent] * tries)
