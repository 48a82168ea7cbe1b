"""Steps: the recorded actions of a run. A recorded step is never done again; the conversation is kept by reference."""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import blobs, events, records
from appliance.domain.actor import SYSTEM
from appliance.domain.runs import Run


class Step(msgspec.Struct, frozen=True):
    """`kind` is model, tool, step, wait or note; messages first to last are its conversation.

    `effect` is its class: tx, idempotent, keyed, checkable or once. `state` is done, failed, waiting, intent (the
    effect may have begun), or what a person said of an intent whose outcome nobody knows: confirmed or again. An
    `input` or a value of over 32 KB is {"blob", "size"}.
    """

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
    approval_id: str | None = None


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


def save(db: Database, run: Run, step: Step, messages: list[Message], files: Path) -> None:
    """Record the step and its messages in the open transaction, after the run's fence was held there.

    What is long goes to `files`, the tenant's folder. Raises Problem(too_large), Problem(disk_full).
    """
    last = int(db.value("SELECT COALESCE(MAX(seq), 0) AS n FROM messages WHERE run_id = :id", {"id": run.id}))
    save_all(db, run, [(step, messages)], files, last, {step.key})


def save_all(
    db: Database, run: Run, made: list[tuple[Step, list[Message]]], files: Path, last: int, known: Collection[str]
) -> None:
    """The same for several, in their order; `last` is the number of the last message there is, `known` the keys of
    steps that may have a row."""
    said, rows = list[Row](), list[Row]()
    for step, messages in made:
        first = last + 1
        said += [_row(db, run, seq, message, files) for seq, message in enumerate(messages, first)]
        last += len(messages)
        span = {"first_message": first, "last_message": last} if messages else {}
        row = msgspec.structs.asdict(step) | {"first_message": None, "last_message": None} | span
        row |= {"input": records.dump(blobs.lighten(db, files, step.input)), "result": records.dump(step.result)}
        rows.append(row | {"fence": run.fence})
    db.insert_all("messages", said)
    db.insert_all("steps", [row for row in rows if row["key"] not in known])
    for row in rows:
        if row["key"] in known:
            db.upsert("steps", row, ("run_id", "key"))
    for step, _ in made:
        if step.kind != "note" and step.state != "waiting":
            events.record(db, SYSTEM, f"step.{step.state}", **run.ids)


def conversation(db: Database, run_id: str, files: Path, first: int = 1, last: int | None = None) -> list[Message]:
    """The messages from number `first` to `last`, or to the end. Raises Problem(unavailable) for a damaged one."""
    upto = "" if last is None else " AND seq <= :last"
    sql = f"SELECT * FROM messages WHERE run_id = :id AND seq >= :first{upto} ORDER BY seq"
    rows = db.rows(sql, {"id": run_id, "first": first, "last": last})
    return [_message(row, files) for row in rows]


def _message(row: Row, files: Path) -> Message:
    if row["blob"]:
        row = row | msgspec.json.decode(blobs.read(files, row["blob"]))
    return records.to(Message, row, ("tool_calls",))


def _row(db: Database, run: Run, seq: int, message: Message, files: Path) -> Row:
    said: Row = {"content": message.content, "tool_calls": records.dump(message.tool_calls)}
    blob = ""
    if len(said["content"]) + len(said["tool_calls"]) > blobs.LIGHT:
        blob, said = blobs.keep(db, files, records.dump(said)), {"content": "", "tool_calls": "[]"}
    row: Row = {"run_id": run.id, "seq": seq, "role": message.role, "at": clock.iso(), "blob": blob}
    return row | said | {"tool_call_id": message.tool_call_id}
