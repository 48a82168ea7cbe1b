"""All calls of a span as flat rows, for files: read in batches, however many there are."""

from collections.abc import Iterator, Mapping
from typing import Any

from appliance.db.database import Database
from appliance.domain.analytics import spans
from appliance.domain.analytics.columns import DIMS
from appliance.domain.analytics.source import FILTERS
from appliance.errors import invalid

BATCH = 1_000
_OWN = (
    "id", "run_id", "step_key", "task_id", "agent_id", "key_id", "provider_id", "project", "task_kind", "surface",
    "session_id", "model", "asked_model", "state", "failure_code", "error_type", "cost_nano", "cost_source",
    "imputed_nano", "estimate_nano", "simulated", "streamed", "attempts", "input_total", "cache_read", "cache_write",
    "output_total", "reasoning", "first_byte_ms", "duration_ms", "day", "started_at", "finished_at",
)  # fmt: skip
COLUMNS = (*_OWN, "agent_name", "provider_name", "task_number")


def rows(db: Database, first: str, last: str, only: Mapping[str, str] | None = None) -> Iterator[tuple[Any, ...]]:
    """Calls that ended in these days (both included), in the order they ended, in the order of COLUMNS."""
    only = only or {}
    if wrong := set(only) - set(FILTERS):
        raise invalid(**{name: f"use one of {', '.join(FILTERS)}" for name in wrong})
    narrowed = "".join(f" AND {DIMS[FILTERS[name]]} = :only_{name}" for name in only)
    sql = f"""SELECT {", ".join(f"c.{name}" for name in _OWN)}, t.number AS task_number FROM calls c
    LEFT JOIN tasks t ON t.id = c.task_id WHERE c.finished_at >= :at AND c.finished_at < :after
    AND (c.finished_at > :at OR c.id > :id){narrowed} ORDER BY c.finished_at, c.id LIMIT :batch"""
    given: dict[str, Any] = {"after": spans.after(last), "at": first, "id": "", "batch": BATCH}
    given |= {f"only_{name}": value for name, value in only.items()}
    agents, providers = _names(db, "agents"), _names(db, "providers")
    while found := db.rows(sql, given):
        for row in found:
            row["simulated"], row["streamed"] = bool(row["simulated"]), bool(row["streamed"])
            yield (
                *(row[name] for name in _OWN),
                agents.get(row["agent_id"]),
                providers.get(row["provider_id"]),
                row["task_number"],
            )
        given |= {"at": found[-1]["finished_at"], "id": found[-1]["id"]}


def _names(db: Database, table: str) -> dict[str, str]:
    return {row["id"]: row["name"] for row in db.rows(f"SELECT id, name FROM {table}")}
