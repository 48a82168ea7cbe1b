"""Rows of backups and drills as the box writes them."""

from appliance import ids
from appliance.db.database import Database


def backup(control: Database, tenant_id: str, at: str, state: str = "verified") -> str:
    made = ids.new()
    row = {"id": made, "target_id": "", "target": "local", "tenant_id": tenant_id, "at": at, "state": state}
    control.insert("backups", row | {"name": made})
    return made


def drill(control: Database, tenant_id: str, at: str, ok: bool = True) -> None:
    row = {"id": ids.new(), "tenant_id": tenant_id, "backup_id": "b", "target": "local", "at": at, "ok": ok}
    control.insert("drills", row | {"seconds": 1.0})
