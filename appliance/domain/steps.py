"""Steps: the recorded actions of a run. A recorded step is never done again; the conversation is kept by reference."""

import hashlib
from typing import Any

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import events, records
from appliance.domain.actor import SYSTEM
from appliance.domain.runs import Run


class Step(msgspec.Struct, frozen=True):
    """`kind` is model or tool, `effect` the tool's effect class; messages first to last are its conversation."""

    run_id: str
    key: str
    ord: int
    kind: str
    name: str
    effect: str
    input_digest: str
    state: str
    attempts: int
    input: Any
    result: Any
    first_message: int | None
    last_message: int | None
    call_id: str | None
    cost_nano: int
    fence: int
    started_at: str
    finished_at: str | None


class Message(msgspec.Struct, frozen=True):
    """One message of a run's conversation; `tool_calls` holds {id, name, arguments}."""

    role: str
    content: str
    tool_calls: list[dict[str, str]] = []
    tool_call_id: str = ""


def of_run(db: Database, run_id: str) -> list[Step]:
    """In the order they first ran."""
    rows = db.rows("SELECT * FROM steps WHERE run_id = :id ORDER BY ord", {"id": run_id})
    return [records.to(Step, row, ("input", "result")) for row in rows]


def digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:32]


def save(db: Database, run: Run, step: Step, messages: list[Message]) -> None:
    """Record the step and its messages in the open transaction, after the run's fence was held there."""
    first, last = _append(db, run, messages)
    row = msgspec.structs.asdict(step) | {"first_message": first, "last_message": last, "fence": run.fence}
    row |= {"input": records.dump(step.input), "result": records.dump(step.result)}
    db.upsert("steps", row, ("run_id", "key"))
    if step.kind == "note":
        return
    events.record(db, SYSTEM, f"step.{step.state}", task_id=run.task_id, run_id=run.id, agent_id=run.agent_id)


def add_cost(db: Database, run: Run, cost_nano: int) -> None:
    """Book money on the run and its task."""
    if not cost_nano:
        return
    params = {"cost": cost_nano, "run": run.id, "task": run.task_id}
    db.execute("UPDATE runs SET cost_nano = cost_nano + :cost WHERE id = :run", params)
    db.execute("UPDATE tasks SET cost_nano = cost_nano + :cost WHERE id = :task", params)


def conversation(db: Database, run_id: str) -> list[Message]:
    rows = db.rows("SELECT * FROM messages WHERE run_id = :id ORDER BY seq", {"id": run_id})
    return [records.to(Message, row, ("tool_calls",)) for row in rows]


def _append(db: Database, run: Run, messages: list[Message]) -> tuple[int | None, int | None]:
    if not messages:
        return None, None
    last = int(db.value("SELECT COALESCE(MAX(seq), 0) AS n FROM messages WHERE run_id = :id", {"id": run.id}))
    db.insert_all("messages", [_row(run, seq, message) for seq, message in enumerate(messages, last + 1)])
    return last + 1, last + len(messages)


def _row(run: Run, seq: int, message: Message) -> Row:
    row: Row = {"run_id": run.id, "seq": seq, "role": message.role, "content": message.content, "at": clock.iso()}
    return row | {"tool_calls": records.dump(message.tool_calls), "tool_call_id": message.tool_call_id}
