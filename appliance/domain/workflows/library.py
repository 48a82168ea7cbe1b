"""Workflows and their versions. A version never changes; to apply another text makes the next one."""

import difflib

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import events, records
from appliance.domain.actor import Actor
from appliance.domain.records import Page
from appliance.domain.workflows import brought, reading, references, version_rows
from appliance.domain.workflows.definition import Definition
from appliance.domain.workflows.nearest import near
from appliance.domain.workflows.places import Fault
from appliance.domain.workflows.version_rows import Version
from appliance.errors import Problem, invalid, not_found

DIFF_LINES = 20_000


class Workflow(msgspec.Struct, frozen=True):
    """`version` is the newest."""

    id: str
    slug: str
    name: str
    description: str
    version: int
    created_at: str
    updated_at: str
    archived_at: str | None


class Applied(msgspec.Struct, frozen=True):
    """`changed` is False when the newest version says the same; `agents` are the slugs of those that were made."""

    workflow: Workflow
    version: int
    created: bool
    changed: bool
    agents: list[str] = []


def apply(db: Database, actor: Actor, source: str, *, name: str = "") -> Applied:
    """Make the next version from YAML, or nothing when its content is that of the newest; `name` goes before its own.

    Agents it brings are made when there are none of their slugs, which needs the role admin. Raises Problem(invalid)
    with every fault by its path, Problem(forbidden).
    """
    actor.need("operator")
    if actor.kind == "agent":
        raise Problem("forbidden", "An agent can't apply a workflow: it may hold commands, which a person allows.")
    report = reading.check(source)
    if report.definition is None:
        raise refused(report.faults)
    made = msgspec.structs.replace(report.definition, name=name.strip()[:80] or report.definition.name)
    with db.transaction():
        return _apply(db, actor, source, made)


def refused(faults: list[Fault]) -> Problem:
    errors: dict[str, str] = {}
    for fault in faults:
        path, told = fault.path or "source", f"line {fault.line}: {fault.message}" if fault.line else fault.message
        errors[path] = f"{errors[path]}; {told}" if path in errors else told
    return invalid(**errors)


def get(db: Database, ref: str) -> Workflow:
    """By slug, or by id also when it is archived. Raises Problem(not_found)."""
    sql = "SELECT * FROM workflows WHERE id = :ref OR (slug = :ref AND archived_at IS NULL)"
    row = db.one(sql, {"ref": ref})
    if row is None:
        slugs = [one["slug"] for one in db.rows("SELECT slug FROM workflows WHERE archived_at IS NULL")]
        raise not_found("workflow", near(ref, slugs))
    return records.to(Workflow, row)


def listing(db: Database, limit: int = records.LIMIT, cursor: str = "") -> Page[Workflow]:
    """By slug, without those that are archived. Raises Problem(bad_cursor)."""
    limit = max(1, min(limit, records.LIMIT_MAX))
    after = records.read_cursor(cursor, str)[0] if cursor else ""
    sql = """SELECT * FROM workflows WHERE archived_at IS NULL AND slug > :after ORDER BY slug LIMIT :limit"""
    rows = [records.to(Workflow, row) for row in db.rows(sql, {"after": after, "limit": limit + 1})]
    return records.page(rows, limit, lambda workflow: (workflow.slug,))


def versions(db: Database, ref: str, before: int = 2**31, limit: int = records.LIMIT_MAX) -> list[Version]:
    """Those below the number `before`, newest first. Raises Problem(not_found)."""
    return version_rows.before(db, get(db, ref).id, before, limit)


def version(db: Database, ref: str, number: int | None = None) -> Version:
    """The newest without a `number`. Raises Problem(not_found)."""
    workflow = get(db, ref)
    return version_rows.get(db, workflow.id, workflow.version if number is None else number)


def diff(db: Database, ref: str, a: int, b: int) -> str:
    """What version `b` says otherwise than `a`, as unified text; "" when nothing. Raises Problem(not_found)."""
    workflow = get(db, ref)
    one, two = (version_rows.get(db, workflow.id, number).source.splitlines() for number in (a, b))
    if len(one) + len(two) > DIFF_LINES:
        raise Problem("too_large", f"Together they have more than {DIFF_LINES:,} lines; compare them elsewhere.")
    names = (f"{workflow.slug} version {a}", f"{workflow.slug} version {b}")
    return "\n".join(difflib.unified_diff(one, two, *names, lineterm=""))


def archive(db: Database, actor: Actor, ref: str) -> None:
    """Take it off the list: it starts no more, and its slug is free. Instances that run go on. Twice is no error.

    Raises Problem(not_found).
    """
    actor.need("operator")
    with db.transaction():
        workflow = get(db, ref)
        now = clock.iso()
        sql = "UPDATE workflows SET archived_at = :now, updated_at = :now WHERE id = :id AND archived_at IS NULL"
        if db.execute(sql, {"now": now, "id": workflow.id}):
            events.record(db, actor, "workflow.archived", workflow_id=workflow.id)


def _apply(db: Database, actor: Actor, source: str, made: Definition) -> Applied:
    agents = brought.missing(db, made)
    if faults := references.faults(db, made):
        raise refused(faults)
    if agents:
        actor.need("admin")
    row, created = _row(db, made)
    # In the order it was written: a start form shows the inputs so.
    kept, digest = msgspec.json.encode(made), version_rows.digest(made)
    changed = version_rows.digest_of(db, row["id"], row["version"]) != digest
    number = row["version"] + changed
    if changed:
        values: Row = {"workflow_id": row["id"], "version": number, "source": source, "definition": kept.decode()}
        db.insert("workflow_versions", values | {"digest": digest, "actor": actor.label, "at": clock.iso()})
        told = {"name": made.name, "description": made.description, "updated_at": clock.iso()}
        db.update("workflows", {"id": row["id"]}, version=number, **told)
        events.record(db, actor, "workflow.applied", workflow_id=row["id"], version=number)
    slugs = brought.make(db, actor, agents)
    return Applied(get(db, row["id"]), number, created, changed, slugs)


def _row(db: Database, made: Definition) -> tuple[Row, bool]:
    """The workflow's row, held until the end of the transaction, so that of two versions each gets its own number."""
    new: Row = {
        "id": ids.new(),
        "slug": made.slug,
        "name": made.name,
        "description": made.description,
        "now": clock.iso(),
    }
    sql = """INSERT INTO workflows (id, slug, name, description, version, created_at, updated_at)
      VALUES (:id, :slug, :name, :description, 0, :now, :now) ON CONFLICT (slug) WHERE archived_at IS NULL DO NOTHING"""
    created = db.execute(sql, new) > 0
    sql = f"SELECT id, version FROM workflows WHERE slug = :slug AND archived_at IS NULL {db.for_update}"
    row = db.one(sql, {"slug": made.slug})
    if row is None:
        raise Problem("conflict", "Somebody archived this workflow meanwhile. Apply it again.")
    return row, created
