"""Data of the first version under this program: what was spent is counted on every scope and span."""

import pytest

from appliance.db import migrate
from appliance.db.tenants import Catalogue
from appliance.domain import spent

AT = "2026-11-23T12:30:00.000000Z"
TASK = {"title": "t", "body": "", "state": "todo", "priority": 1, "labels": "[]", "created_by": "x"}
TASK |= {"created_at": AT, "updated_at": AT}
CALL = {"run_id": "r", "agent_id": "a", "provider_id": "p", "model": "m", "state": "ok", "estimate_nano": 70}
CALL |= {"simulated": False, "day": AT[:10], "started_at": AT, "finished_at": AT}
ATTEMPT = dict.fromkeys(("model_requested", "model_reported", "request_id", "failure_code", "failure_detail"), "")
ATTEMPT |= dict.fromkeys(("input_total", "cache_read", "cache_write_5m", "cache_write_1h", "output_total"), 0)
ATTEMPT |= {"provider_id": "p", "reasoning": 0, "cost_source": "", "matched_model": "", "price_version": ""}
ATTEMPT |= {"duration_ms": 0, "started_at": AT, "call_id": "c"}


def test_what_was_spent_before_an_upgrade_is_counted_on_every_scope(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = migrate.migrations
    with monkeypatch.context() as old:
        old.setattr(migrate, "migrations", lambda kind: everything(kind)[:1] if kind == "tenant" else everything(kind))
        # Kept from the first call on; the tests after this one need the answer for all migrations.
        old.setattr(migrate, "tables", migrate.tables.__wrapped__)
        catalogue.create("t1")
        with catalogue.open("t1") as db:
            db.insert("tasks", TASK | {"id": "top", "number": 1})
            db.insert("tasks", TASK | {"id": "below", "number": 2, "parent_id": "top"})
            db.insert("calls", CALL | {"id": "c", "task_id": "below"})
            db.insert("calls", CALL | {"id": "open", "task_id": "below", "state": "open"})
            for n, cost in enumerate((5, None)):
                db.insert("attempts", ATTEMPT | {"id": str(n), "n": n, "cost_nano": cost})
            held = {"call_id": "open", "amount_nano": 70, "owner": "o", "created_at": AT}
            db.insert_all("reservations", [held | {"scope": "tenant", "scope_id": ""}])
            db.insert_all("reservations", [held | {"scope": "task", "scope_id": "below"}])
    catalogue._current.discard("t1")
    with catalogue.open("t1") as db:
        rows = db.rows("SELECT * FROM spent ORDER BY scope, scope_id, span")
        scopes = ["agent a", "model ", "provider p", "run r", "task below", "task top", "tenant "]
        assert [f"{row['scope']} {row['scope_id']}" for row in rows] == [s for s in scopes for _ in range(5)]
        assert {row["settled_nano"] for row in rows} == {75}
        starts = {row["span"]: row["starts"] for row in rows}
        assert starts["hour"] == "2026-11-23T12:00:00.000000Z" and starts["lifetime"] == ""
        for span, begun in starts.items():
            assert spent.from_ledger(db, span, begun) == [row for row in rows if row["span"] == span]
        held = db.rows("SELECT scope, scope_id FROM reservations ORDER BY scope, scope_id")
        assert [f"{row['scope']} {row['scope_id']}" for row in held] == [
            "provider p",
            "task below",
            "task top",
            "tenant ",
        ]
