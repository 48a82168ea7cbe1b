"""The whole of what a step was given and what came of it, also what is too long for a row."""

from pathlib import Path
from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import blobs, records, steps
from appliance.domain.steps import Message, Step
from appliance.errors import not_found

# What the model had read before is shown from its end, as far as a person scrolls.
READ = 20


class Whole(msgspec.Struct, frozen=True):
    """`said` are the step's own messages; `read` the last of the conversation before, `earlier` how many came first."""

    step: Step
    given: Any
    result: dict[str, Any]
    said: list[Message]
    read: list[Message]
    earlier: int


def get(db: Database, run_id: str, key: str) -> Step:
    """Raises Problem(not_found)."""
    row = db.one("SELECT * FROM steps WHERE run_id = :run_id AND key = :key", {"run_id": run_id, "key": key})
    if row is None:
        raise not_found("step")
    return records.to(Step, row, ("input", "result"))


def whole(db: Database, files: Path, step: Step) -> Whole:
    """Raises Problem(unavailable) when a stored value is missing or damaged."""
    first, last = step.first_message or 0, step.last_message or 0
    before = max(first - 1, 0) if step.kind == "model" else 0
    start = max(before - READ, 0)
    return Whole(
        step,
        blobs.restore(files, step.input),
        {name: blobs.restore(files, value) for name, value in step.result.items()},
        steps.conversation(db, step.run_id, files, first, last) if last else [],
        steps.conversation(db, step.run_id, files, start + 1, before) if before else [],
        start,
    )


def sizes(db: Database, run_id: str) -> dict[int, int]:
    """Characters of each message of the run's conversation, by its number."""
    sql = """SELECT m.seq, COALESCE(b.size, LENGTH(m.content) + LENGTH(m.tool_calls)) AS size FROM messages m
      LEFT JOIN blobs b ON b.digest = m.blob WHERE m.run_id = :id"""
    return {row["seq"]: row["size"] for row in db.rows(sql, {"id": run_id})}
