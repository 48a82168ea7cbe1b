"""Instances: one carrying-out of one version of a workflow. Each is a task under which the tasks of its steps stand."""

from functools import lru_cache
from typing import Any

import msgspec

from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.instances.paths import Outline
from appliance.domain.records import Page
from appliance.domain.workflows.definition import Definition
from appliance.errors import not_found

STATES = ("running", "paused", "undoing", "succeeded", "failed", "cancelled")
OPEN = ("running", "paused", "undoing")


class Instance(msgspec.Struct, frozen=True):
    """`input` has every default filled in; `output` is None until it has succeeded.

    `failed_path` names the step that failed, `failure_detail` says how. `cause` is why it began: started, schedule,
    webhook, step (of `parent_id`, its step `parent_path`) or again (`fork_of`, from the step `fork_from`).
    """

    id: str
    workflow_id: str
    version: int
    task_id: str
    state: str
    moved: bool
    input: dict[str, Any]
    output: Any
    failure_code: str
    failure_detail: str
    failed_path: str
    idem: str | None
    cause: str
    parent_id: str | None
    parent_path: str
    fork_of: str | None
    fork_from: str
    due_at: str | None
    created_by: str
    created_at: str
    updated_at: str
    finished_at: str | None
    slug: str
    name: str
    number: int
    title: str
    task_state: str
    cost_nano: int

    @property
    def open(self) -> bool:
        return self.finished_at is None


_SELECT = """
SELECT i.*, w.slug, w.name, t.number, t.title, t.state AS task_state, t.cost_nano
FROM instances i JOIN workflows w ON w.id = i.workflow_id JOIN tasks t ON t.id = i.task_id
"""
_READ = f"""
{_SELECT.replace("SELECT i.*,", "SELECT i.*, v.digest,")}
LEFT JOIN workflow_versions v ON v.workflow_id = i.workflow_id AND v.version = i.version WHERE i.id IN ({{names}})
"""


def get(db: Database, ref: str) -> Instance:
    """By id, or by the number or id of its task. Raises Problem(not_found)."""
    number = int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 16 else -1
    row = db.one(_SELECT + "WHERE i.id = :ref OR t.id = :ref OR t.number = :number", {"ref": ref, "number": number})
    if row is None:
        raise not_found("instance of a workflow")
    return instance(row)


def by_id(db: Database, instance_id: str) -> Instance:
    """Raises Problem(not_found)."""
    row = db.one(_SELECT + "WHERE i.id = :id", {"id": instance_id})
    if row is None:
        raise not_found("instance of a workflow")
    return instance(row)


def read(db: Database, instance_ids: list[str]) -> dict[str, Row]:
    """The rows there are of these, by their ids; `instance` makes one of each, `digest` is that of its version."""
    names, params = records.named(instance_ids)
    return {row["id"]: row for row in db.rows(_READ.format(names=names), params)}


def of_task(db: Database, task_id: str) -> Instance | None:
    """The instance whose task this is."""
    row = db.one(_SELECT + "WHERE i.task_id = :id", {"id": task_id})
    return instance(row) if row else None


def of_idem(db: Database, workflow_id: str, idem: str) -> Instance | None:
    row = db.one(_SELECT + "WHERE i.workflow_id = :of AND i.idem = :idem", {"of": workflow_id, "idem": idem})
    return instance(row) if row else None


def below(db: Database, instance_id: str) -> list[Instance]:
    """The instances its steps have started, oldest first."""
    rows = db.rows(_SELECT + "WHERE i.parent_id = :id ORDER BY i.id", {"id": instance_id})
    return [instance(row) for row in rows]


def listing(
    db: Database, workflow: str = "", state: str = "", limit: int = records.LIMIT, cursor: str = ""
) -> Page[Instance]:
    """Newest first; of the `workflow` with this slug or id. Raises Problem(bad_cursor)."""
    given: Row = {"limit": max(1, min(limit, records.LIMIT_MAX)), "workflow": workflow, "state": state}
    tests = ["(w.slug = :workflow OR w.id = :workflow)"] if workflow else []
    tests += ["i.state = :state"] if state else []
    if cursor:
        tests.append("i.id < :id")
        given["id"] = records.read_cursor(cursor, str)[0]
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    found = [instance(row) for row in db.rows(f"{_SELECT} {where} ORDER BY i.id DESC LIMIT :limit + 1", given)]
    return records.page(found, given["limit"], lambda one: (one.id,))


def outline(db: Database, workflow_id: str, version: int, digest: str | None = None) -> Outline:
    """The version's steps by their paths; `digest` is its own, for who has read that. Raises Problem(not_found)."""
    key = {"id": workflow_id, "version": version}
    sql = "SELECT digest FROM workflow_versions WHERE workflow_id = :id AND version = :version"
    if digest is None and (digest := db.value(sql, key)) is None:
        raise not_found("version of this workflow")
    kept = _known(workflow_id, version, str(digest))
    if not kept:
        sql = "SELECT definition FROM workflow_versions WHERE workflow_id = :id AND version = :version"
        kept.append(Outline(msgspec.json.decode(db.value(sql, key), type=Definition)))
    return kept[0]


@lru_cache(128)
def _known(workflow_id: str, version: int, digest: str) -> list[Outline]:
    """A version never changes: reading one of 500 steps takes longer than a step does."""
    return []


def instance(row: Row) -> Instance:
    return records.to(Instance, row, ("input", "output"))
