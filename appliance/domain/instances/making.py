"""The rows of a new instance: itself and its task. Its steps start when it is looked at."""

from typing import Any, NamedTuple

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import events, records, schema
from appliance.domain.actor import Actor
from appliance.domain.instances import landing, rows
from appliance.domain.instances.paths import Outline
from appliance.domain.workflows.definition import Definition
from appliance.errors import Problem, invalid, not_found

TITLE_LIMIT = 200
INPUT_BYTES = 4 * 1024 * 1024


class Found(NamedTuple):
    """A version of a workflow that may be started."""

    workflow_id: str
    version: int
    name: str
    outline: Outline


class Made(msgspec.Struct, frozen=True):
    """Where an instance comes from; see rows.Instance."""

    cause: str
    created_by: str
    idem: str = ""
    parent_id: str | None = None
    parent_path: str = ""
    fork_of: str | None = None
    fork_from: str = ""
    task_id: str = ""


class Wanted(NamedTuple):
    """An instance to make."""

    found: Found
    given: dict[str, Any]
    about: Made
    title: str = ""


class Begun(NamedTuple):
    """An instance that was made, and its task."""

    id: str
    task_id: str


def find(db: Database, ref: str, version: int | None) -> Found:
    """By slug or id; the newest version when none is named. Raises Problem(not_found)."""
    row = db.one(
        "SELECT id, name, version FROM workflows WHERE (slug = :ref OR id = :ref) AND archived_at IS NULL", {"ref": ref}
    )
    if row is None:
        raise not_found(f"workflow {ref}"[:200])
    chosen = row["version"] if version is None else version
    return Found(row["id"], chosen, row["name"], rows.outline(db, row["id"], chosen))


def inputs(definition: Definition, given: Any) -> dict[str, Any]:
    """The inputs with every default filled in. Raises Problem(invalid) with the fields at fault, as inputs.<name>."""
    if not isinstance(given, dict):
        raise invalid(inputs="give an object")
    wanted = definition.inputs or {"properties": {}}
    known: dict[str, Any] = wanted.get("properties", {})
    defaults = {name: one["default"] for name, one in known.items() if isinstance(one, dict) and "default" in one}
    found = defaults | given
    faults = {f"inputs.{name}": "is needed" for name in wanted.get("required", []) if name not in found}
    if "properties" in wanted and not wanted.get("additionalProperties", False):
        faults |= {f"inputs.{name}": "there is no such input" for name in found if name not in known}
    for name, one in known.items():
        if name in found and (fault := schema.fault(found[name], one)):
            faults[f"inputs.{name}"] = fault
    if not faults and definition.inputs and (fault := schema.fault(found, definition.inputs)):
        faults["inputs"] = fault
    if len(records.dump(found)) > INPUT_BYTES:
        faults["inputs"] = "give at most 4 MB; put more into a file"
    if faults:
        raise Problem("invalid", "; ".join(f"{field}: {fault}" for field, fault in faults.items()), errors=faults)
    return found


def make(db: Database, found: Found, given: dict[str, Any], about: Made, title: str = "") -> Begun:
    """In a transaction. The task stands below that of the instance whose step this is."""
    return make_all(db, [Wanted(found, given, about, title)])[0]


def make_all(db: Database, wanted: list[Wanted]) -> list[Begun]:
    """The same of many, in their order."""
    if not wanted:
        return []
    now, number = clock.iso(), db.next_number("task", len(wanted)) - len(wanted)
    made, tasks, instances = [], [], []
    for n, (found, given, about, title) in enumerate(wanted, 1):
        begun, definition = Begun(ids.new(), about.task_id or ids.new()), found.outline.definition
        above = rows.by_id(db, about.parent_id).task_id if about.parent_id else None
        title = " ".join((title or found.name).split())[:TITLE_LIMIT]
        task: Row = {"id": begun.task_id, "number": number + n, "title": title, "state": "in_progress"}
        task |= {"body": definition.description, "priority": 1, "parent_id": above, "labels": "[]"}
        task |= {"created_by": about.created_by, "created_at": now, "updated_at": now, "started_at": now}
        row: Row = {"id": begun.id, "workflow_id": found.workflow_id, "version": found.version}
        row |= {"task_id": begun.task_id, "state": "running", "moved": True, "input": records.dump(given)}
        row |= {"idem": about.idem or None, "cause": about.cause, "parent_id": about.parent_id}
        row |= {"parent_path": about.parent_path, "fork_of": about.fork_of, "fork_from": about.fork_from}
        row["due_at"] = None if definition.timeout_s is None else clock.ahead(definition.timeout_s)
        instances.append(row | {"created_by": about.created_by, "created_at": now, "updated_at": now})
        tasks.append(task)
        made.append(begun)
    db.insert_all("tasks", tasks)
    db.insert_all("instances", instances)
    landing.note(db)
    return made


def tell(db: Database, actor: Actor, made: Begun) -> None:
    """The events of a new instance, in the transaction that makes it."""
    events.record(db, actor, "task.created", task_id=made.task_id)
    events.record(db, actor, "instance.started", task_id=made.task_id, instance_id=made.id)


def depth(db: Database, instance_id: str | None) -> int:
    """How many instances stand above one whose parent this is."""
    sql = """WITH RECURSIVE above (id, n) AS (SELECT CAST(:id AS TEXT), 1 UNION ALL
      SELECT i.parent_id, a.n + 1 FROM above a JOIN instances i ON i.id = a.id WHERE i.parent_id IS NOT NULL)
      SELECT MAX(n) AS n FROM above"""
    return int(db.value(sql, {"id": instance_id})) if instance_id else 0
