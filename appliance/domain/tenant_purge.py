"""The end of a tenant: its key destroyed, its data removed, and a row that proves it. Goes on after a kill."""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import msgspec

from appliance import clock
from appliance.crypto import Vault
from appliance.db import migrate
from appliance.db.database import Database, Row
from appliance.db.tenants import Catalogue
from appliance.db.troubles import Damaged
from appliance.domain import audit, records, tenant_life, tenants
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.tenants import Tenant
from appliance.errors import Problem

# Rows of the control database that go with the tenant; KEPT ones say only who did what and how much was used.
GONE = ("memberships", "api_keys", "hooks", "invitations")
KEPT = ("audit", "purges", "backups", "drills", "tenant_use", "tenant_readings")
_DROP = re.compile(r"DROP TABLE (\w+)")


class Evidence(msgspec.Struct, frozen=True):
    """`counts` are rows by table, empty for a database that could not be read; `bytes` are those of its files.

    `digest` is over the counts, the head of the event log's chain, and the digest of each file. Time purges in the
    name of who deleted. `done_at` is None until nothing is left.
    """

    tenant_id: str
    slug: str
    asked_by: str
    began_at: str
    done_at: str | None
    counts: dict[str, int]
    files: int
    bytes: int
    digest: str


class Inventory(NamedTuple):
    """What there is to go."""

    counts: dict[str, int]
    files: int
    bytes: int
    digest: str


def purge(
    catalogue: Catalogue, control: Database, vault: Vault, actor: Actor, tenant_id: str, confirm: str
) -> Evidence:
    """Destroy what is left of a deleted tenant now. Twice is once.

    Raises Problem(invalid) unless `confirm` is the slug, Problem(conflict) for a tenant that was not deleted before.
    """
    actor.need("owner")
    tenant = tenants.by_id(control, tenant_id)
    if tenant.state != "purged":
        tenant_life.check_typed(tenant, confirm)
        if tenant.state not in tenant_life.LEAVING:
            raise Problem("conflict", f"{tenant.slug} is {tenant.state}. Delete it first, then purge it.")
    return carry_out(catalogue, control, vault, actor, tenant)


def carry_out(catalogue: Catalogue, control: Database, vault: Vault, actor: Actor, tenant: Tenant) -> Evidence:
    """From wherever an earlier try came to."""
    if tenant.state != "purged":
        _destroy_key(control, actor, tenant, inventory(catalogue, tenant))
    return _remove(catalogue, control, vault, tenant.id)


def due(catalogue: Catalogue, control: Database, vault: Vault) -> int:
    """What time has come for: grace ends in trash, trash in a purge, and a purge that was cut off goes on."""
    moved = [tenant_life.trash(control, SYSTEM, tenant.id) for tenant in tenant_life.over(control, "grace")]
    over = tenant_life.over(control, "trash")
    for tenant in over:
        carry_out(catalogue, control, vault, SYSTEM, tenant)
    cut_off = control.rows("SELECT tenant_id FROM purges WHERE done_at IS NULL")
    for row in cut_off:
        _remove(catalogue, control, vault, row["tenant_id"])
    return len(moved) + len(over) + len(cut_off)


def evidence(control: Database, limit: int = records.LIMIT, cursor: str = "") -> records.Page[Evidence]:
    """What was purged, newest first. Raises Problem(bad_cursor)."""
    at, tenant_id = records.read_cursor(cursor, str, str) if cursor else ("g", "")
    rows = control.rows(
        "SELECT * FROM purges WHERE began_at < :at OR (began_at = :at AND tenant_id < :id) "
        "ORDER BY began_at DESC, tenant_id DESC LIMIT :limit",
        {"at": at, "id": tenant_id, "limit": limit + 1},
    )
    return records.page([_evidence(row) for row in rows], limit, lambda one: (one.began_at, one.tenant_id))


def of(control: Database, tenant_id: str) -> Evidence | None:
    row = control.one("SELECT * FROM purges WHERE tenant_id = :id", {"id": tenant_id})
    return _evidence(row) if row else None


def inventory(catalogue: Catalogue, tenant: Tenant) -> Inventory:
    said = hashlib.sha256()
    try:
        with catalogue.open(tenant.id) as db:
            counts = {table: int(db.value(f"SELECT COUNT(*) AS n FROM {table}")) for table in _tables()}
            head = db.one("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
            said.update(records.dump(head).encode())
    except Damaged:
        counts = {}
    said.update(records.dump(counts).encode())
    found = sorted(path for path in catalogue.files(tenant.id).rglob("*") if path.is_file() and not path.is_symlink())
    for path in found:
        said.update(_digest(path))
    return Inventory(counts, len(found), sum(path.stat().st_size for path in found), said.hexdigest())


def _destroy_key(control: Database, actor: Actor, tenant: Tenant, found: Inventory) -> None:
    """The step that can't be taken back: from here on no secret opens, and nobody comes in."""
    row: Row = {
        "tenant_id": tenant.id,
        "slug": tenant.slug,
        "asked_by": tenant.state_by if actor == SYSTEM else actor.label,
    }
    row |= {"began_at": clock.iso(), "counts": records.dump(found.counts)}
    row |= {"files": found.files, "bytes": found.bytes, "digest": found.digest}
    with control.transaction():
        control.overwrite_deleted()
        # One of two who purge at once has it; a tenant that came back meanwhile stays.
        sql = """UPDATE tenants SET state = 'purged', slug = :freed, name = '', data_key = '', suspended_reason = '',
          state_at = :at, state_by = :by, state_until = NULL WHERE id = :id AND state = :state"""
        given = {"id": tenant.id, "state": tenant.state, "at": clock.iso(), "by": actor.label}
        if not control.execute(sql, given | {"freed": f"purged-{tenant.id}"}):
            raise Problem("conflict", f"{tenant.slug} changed meanwhile; nothing was purged. Look again.")
        control.insert("purges", row)
        for table in GONE:
            control.delete(table, tenant_id=tenant.id)
        audit.record(control, actor, "tenant.purged", f"{tenant.slug} {found.digest}", tenant.id)


def _remove(catalogue: Catalogue, control: Database, vault: Vault, tenant_id: str) -> Evidence:
    vault.forget(tenant_id)
    catalogue.discard(tenant_id)
    catalogue.forget_aside(tenant_id)
    if catalogue.exists(tenant_id) or (catalogue.folder / "tenants" / tenant_id).exists():
        raise Problem("unavailable", "The data can't be removed. Check the data folder's permissions; it is tried on.")
    control.shred_deleted(("tenants", *GONE))
    done = {"id": tenant_id, "now": clock.iso()}
    control.execute("UPDATE purges SET done_at = :now WHERE tenant_id = :id AND done_at IS NULL", done)
    found = of(control, tenant_id)
    assert found
    return found


def _tables() -> list[str]:
    """Those there are now: a later migration may drop what an earlier one made."""
    dropped = {name for m in migrate.migrations("tenant") for s in m.statements for name in _DROP.findall(s)}
    return sorted(migrate.tables("tenant") - dropped - {"_migrations"})


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _evidence(row: Row) -> Evidence:
    return records.to(Evidence, row, ("counts",))
