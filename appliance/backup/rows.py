"""What the box knows of its backups: one row for each copy, and one for each drill."""

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records

RUNNING, VERIFIED, FAILED = "running", "verified", "failed"


class Backup(msgspec.Struct, frozen=True):
    """One copy in one place. `state`: running, verified (read back and found whole) or failed, saying why in `note`."""

    id: str
    target_id: str
    target: str
    tenant_id: str
    at: str
    state: str
    name: str
    bytes: int = 0
    digest: str = ""
    generation: int = 1
    schema_version: int = 0
    epoch: int = 0
    row_count: int = 0
    seconds: float = 0.0
    note: str = ""


class Drill(msgspec.Struct, frozen=True):
    """A restore to scratch that was tried. `ok`: whole, counts equal, keys open it. `seconds` from fetch to proof."""

    id: str
    tenant_id: str
    backup_id: str
    target: str
    at: str
    ok: bool
    seconds: float
    bytes: int = 0
    row_count: int = 0
    secret_opened: bool = False
    note: str = ""


def put(control: Database, backup: Backup) -> None:
    control.upsert("backups", msgspec.structs.asdict(backup), ("id", "target_id"))


def of(control: Database, tenant_id: str, state: str = "", target_id: str = "") -> list[Backup]:
    """Of one tenant, newest first."""
    sql = """SELECT * FROM backups WHERE tenant_id = :tenant AND (:state = '' OR state = :state)
      AND (:target = '' OR target_id = :target) ORDER BY at DESC, id DESC, target"""
    return [_backup(row) for row in control.rows(sql, {"tenant": tenant_id, "state": state, "target": target_id})]


def page(control: Database, tenant_id: str = "", limit: int = records.LIMIT, cursor: str = "") -> records.Page[Backup]:
    """Newest first, of one tenant or of all. Raises Problem(bad_cursor)."""
    before = records.read_cursor(cursor, str)[0] if cursor else "~"
    sql = """SELECT * FROM backups WHERE (:tenant = '' OR tenant_id = :tenant) AND id || '/' || target_id < :before
      ORDER BY id || '/' || target_id DESC LIMIT :limit"""
    given = {"tenant": tenant_id, "before": before, "limit": limit + 1}
    found = [_backup(row) for row in control.rows(sql, given)]
    return records.page(found, limit, lambda backup: (f"{backup.id}/{backup.target_id}",))


def copies(control: Database, backup_id: str) -> list[Backup]:
    """In each place; by the id or its beginning of at least 8 characters."""
    found = control.rows("SELECT * FROM backups WHERE id LIKE :id || '%' ORDER BY target", {"id": backup_id})
    return [_backup(row) for row in found] if len(backup_id) >= 8 else []


def remove(control: Database, backup: Backup) -> None:
    control.delete("backups", id=backup.id, target_id=backup.target_id)


def give_up_running(control: Database) -> None:
    """Whoever has the turn knows that nobody else works on one."""
    sql = "UPDATE backups SET state = 'failed', note = 'It was interrupted.' WHERE state = 'running'"
    control.execute(sql)


def forget_failures(control: Database, days: int = 30) -> None:
    sql = "DELETE FROM backups WHERE state = 'failed' AND at < :at"
    control.execute(sql, {"at": clock.ahead(-days * 86400)})


def put_drill(control: Database, drill: Drill) -> None:
    control.insert("drills", msgspec.structs.asdict(drill))
    control.execute("DELETE FROM drills WHERE at < :at", {"at": clock.ahead(-400 * 86400)})


def drills(control: Database, tenant_id: str = "", limit: int = 50) -> list[Drill]:
    sql = "SELECT * FROM drills WHERE :tenant = '' OR tenant_id = :tenant ORDER BY at DESC, id DESC LIMIT :limit"
    return [records.to(Drill, row) for row in control.rows(sql, {"tenant": tenant_id, "limit": limit})]


def last_proven(control: Database) -> dict[str, Drill]:
    """The newest drill that went well, by tenant."""
    sql = """SELECT * FROM drills d WHERE ok = TRUE AND at = (
      SELECT MAX(at) FROM drills o WHERE o.tenant_id = d.tenant_id AND o.ok = TRUE)"""
    return {row["tenant_id"]: records.to(Drill, row) for row in control.rows(sql)}


def last_verified(control: Database) -> dict[str, Backup]:
    """The newest verified backup, by tenant."""
    sql = """SELECT * FROM backups b WHERE state = 'verified' AND at = (
      SELECT MAX(at) FROM backups o WHERE o.tenant_id = b.tenant_id AND o.state = 'verified')"""
    return {row["tenant_id"]: _backup(row) for row in control.rows(sql)}


def _backup(row: dict[str, object]) -> Backup:
    return records.to(Backup, row)
