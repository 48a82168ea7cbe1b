"""What people did to the box: tenants, members, keys, sign-ins. Work inside a tenant is in its event log."""

import msgspec

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain import audit_chain, records
from appliance.domain.actor import Actor
from appliance.domain.chain import Head, Proof


class Entry(msgspec.Struct, frozen=True):
    id: str
    at: str
    tenant_id: str | None
    actor: str
    action: str
    subject: str


def record(control: Database, actor: Actor, action: str, subject: str, tenant_id: str | None = None) -> None:
    row = {"id": ids.new(), "at": clock.iso(), "tenant_id": tenant_id, "actor": actor.label}
    audit_chain.append(control, row | {"action": action, "subject": subject})


def verify(control: Database, noted: Head | None = None) -> Proof:
    """Is the log the one that was written? `noted` is a head written down earlier, which must still be there."""
    return audit_chain.verify(control, noted)


def entries(control: Database, tenant_id: str, limit: int = records.LIMIT, cursor: str = "") -> records.Page[Entry]:
    """The tenant's entries, newest first. Raises Problem(bad_cursor)."""
    before = records.read_cursor(cursor, str)[0] if cursor else "g"
    rows = control.rows(
        "SELECT * FROM audit WHERE tenant_id = :tenant AND id < :before ORDER BY id DESC LIMIT :limit",
        {"tenant": tenant_id, "before": before, "limit": limit + 1},
    )
    return records.page([records.to(Entry, row) for row in rows], limit, lambda entry: (entry.id,))
