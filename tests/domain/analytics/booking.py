"""Calls of the past with every column set, written as the ledger writes them."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database


class Past(msgspec.Struct, frozen=True):
    """One call that ended at `at`; `cost_nano` None: it could not be priced."""

    at: datetime
    cost_nano: int | None = 1_000
    provider_id: str = "p-1"
    model: str = "sim-standard"
    agent_id: str | None = None
    key_id: str | None = None
    task_id: str | None = None
    session_id: str = ""
    project: str = ""
    task_kind: str = ""
    surface: str = "agent"
    asked_model: str = ""
    needs: str = ""
    state: str = "ok"
    failure_code: str = ""
    simulated: bool = False
    cost_source: str = "catalogue"
    imputed_nano: int | None = None
    attempts: int = 1
    input_total: int = 100
    cache_read: int = 0
    cache_write: int = 0
    output_total: int = 10
    reasoning: int = 0
    first_byte_ms: int | None = 300
    duration_ms: int | None = 900
    price_version: str = "genai-prices 1"
    unit: tuple[int, int, int] | None = None


def put(db: Database, past: Past) -> str:
    """The id of the call."""
    call_id, at = ids.new(), clock.iso(past.at)
    row: dict[str, Any] = msgspec.structs.asdict(past)
    unit, version = row.pop("unit"), row.pop("price_version")
    row |= {"id": call_id, "started_at": clock.iso(past.at - timedelta(seconds=1)), "finished_at": at, "day": at[:10]}
    row.pop("at")
    attempt = {"id": ids.new(), "call_id": call_id, "n": past.attempts, "provider_id": past.provider_id}
    attempt |= {"model_requested": past.model, "model_reported": past.model, "request_id": "", "failure_detail": ""}
    attempt |= {"cache_write_5m": past.cache_write, "cache_write_1h": 0, "price_version": version, "started_at": at}
    attempt |= {"matched_model": past.model, "duration_ms": past.duration_ms or 0}
    same = ("failure_code", "input_total", "cache_read", "output_total", "reasoning", "cost_nano", "cost_source")
    attempt |= {name: row[name] for name in (*same, "imputed_nano", "first_byte_ms")}
    if unit:
        names = ("input_nano_mtok", "output_nano_mtok", "cache_read_nano_mtok")
        attempt |= dict(zip(names, unit, strict=True))
    with db.transaction():
        db.insert("calls", row | {"estimate_nano": 1_000})
        db.insert("attempts", attempt)
    return call_id


def some(seed: int, count: int, first: datetime, hours: int) -> list[Past]:
    """Different calls all over `hours` from `first`, the same for the same `seed`."""
    roll = Random(seed)
    return [_any(roll, first + timedelta(seconds=roll.randrange(hours * 3600))) for _ in range(count)]


def _any(roll: Random, at: datetime) -> Past:
    failed = roll.random() < 0.1
    read = roll.choice((0, 40))
    return Past(
        at=at,
        cost_nano=None if roll.random() < 0.1 else roll.randrange(10**10),
        provider_id=roll.choice(("p-1", "p-2")),
        model=roll.choice(("sim-standard", "gpt", "=1+1")),
        agent_id=roll.choice((None, "a-1", "a-2")),
        key_id=roll.choice((None, "k-1")),
        session_id=roll.choice(("", "s-1", "s-2")),
        project=roll.choice(("", "web")),
        task_kind=roll.choice(("", "support", "content")),
        surface=roll.choice(("agent", "messages")),
        state=roll.choice(("failed", "lost")) if failed else "ok",
        failure_code="provider_error" if failed else "",
        simulated=roll.random() < 0.5,
        cost_source=roll.choice(("catalogue", "estimated", "flat")),
        imputed_nano=roll.choice((None, 77)),
        attempts=roll.choice((1, 1, 2)),
        input_total=roll.randrange(50, 10**6),
        cache_read=read,
        cache_write=roll.choice((0, 10)),
        output_total=roll.randrange(10**4),
        first_byte_ms=roll.choice((None, roll.randrange(100_000))),
        duration_ms=roll.randrange(200_000),
        unit=(3_000_000_000, 15_000_000_000, 300_000_000) if read else None,
    )
