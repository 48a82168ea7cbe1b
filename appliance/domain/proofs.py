"""What backups and drills prove."""

from collections.abc import Iterator
from typing import NamedTuple

from appliance import clock
from appliance.db.database import Database
from appliance.domain.alerts import Fault
from appliance.domain.tenants import Tenant

RULES = frozenset({"backup.failed", "drill.overdue"})
DRILL_DAYS = 14
BACKUP_DAYS = 2


class Proof(NamedTuple):
    """Of one tenant: its newest backup and the newest that was verified, its newest good drill; "" for none."""

    tenant: Tenant
    last_state: str
    last_at: str
    verified_at: str
    drilled_at: str


def of(control: Database, found: list[Tenant]) -> list[Proof]:
    return [_proof(control, tenant) for tenant in found]


def faults(control: Database, found: list[Tenant]) -> Iterator[Fault]:
    """Nothing of a tenant that was never backed up: that is the doctor's to say."""
    for proof in of(control, found):
        slug = proof.tenant.slug
        if proof.last_state == "failed":
            since = f"the last good one is of {proof.verified_at[:16]}" if proof.verified_at else "there is no good one"
            yield Fault("backup.failed", slug, "critical", f"The backup of {proof.last_at[:16]} failed; {since}.")
        if proof.verified_at and (not proof.drilled_at or days(proof.drilled_at) > DRILL_DAYS):
            since = f"since {proof.drilled_at[:10]}" if proof.drilled_at else "yet"
            yield Fault("drill.overdue", slug, "warning", f"No restore of a backup was proven {since}.")


def _proof(control: Database, tenant: Tenant) -> Proof:
    one = {"tenant": tenant.id}
    newest = "SELECT state, at FROM backups WHERE tenant_id = :tenant AND state <> 'running' ORDER BY at DESC LIMIT 1"
    last = control.one(newest, one) or {"state": "", "at": ""}
    verified = control.value("SELECT MAX(at) FROM backups WHERE tenant_id = :tenant AND state = 'verified'", one)
    drilled = control.value("SELECT MAX(at) FROM drills WHERE tenant_id = :tenant AND ok = TRUE", one)
    return Proof(tenant, last["state"], last["at"], verified or "", drilled or "")


def days(since: str) -> float:
    return clock.seconds_between(since, clock.iso()) / 86_400
