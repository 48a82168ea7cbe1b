"""A new master key: everything it wraps is wrapped anew, in one transaction; no tenant's secret is sealed again."""

import os
from pathlib import Path

from appliance import crypto
from appliance.backup import making
from appliance.backup.means import Means
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import CONTROL
from appliance.domain import audit, box_secrets, tenants, totp
from appliance.domain.actor import Actor


def rotate(means: Means, actor: Actor, key_file: Path, next_file: Path) -> int:
    """The generation of the new key. Nobody else may have this box open: the caller owns the data folder.

    The new key is on the disk before the data needs it, and the old one until it does not: a start after a crash
    finds in one of the two files the key that opens the data (`keyfile.load_master`).
    """
    new = crypto.new_key()
    _write(next_file, new)
    with means.catalogue.control() as control, control.transaction():
        _rewrap(control, means.vault, new)
        generation = making.generation(control) + 1
        control.upsert("box", {"name": making.GENERATION, "value": str(generation)}, ("name",))
        audit.record(control, actor, "master_key.rotated", f"generation {generation}")
    os.replace(next_file, key_file)
    return generation


def _rewrap(control: Database, vault: Vault, new: bytes) -> None:
    for row in control.rows("SELECT id FROM tenants WHERE data_key <> ''"):
        wrapped = tenants.wrapped_key(control, row["id"])
        control.update("tenants", {"id": row["id"]}, data_key=vault.rewrapped(new, row["id"], wrapped))
    if wrapped := box_secrets.wrapped(control):
        control.update("box", {"name": box_secrets.NAME}, value=vault.rewrapped(new, CONTROL, wrapped))
    renewed = Vault(new, lambda _: "")
    if kept := control.value("SELECT value FROM box WHERE name = 'audit_key'"):
        control.update("box", {"name": "audit_key"}, value=renewed.wrap_log_key(vault.log_key(kept)))
    totp.seal_anew(control, vault, renewed)
    control.update("box", {"name": "probe"}, value=renewed.probe())


def _write(path: Path, key: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(key.hex() + "\n")
        out.flush()
        os.fsync(out.fileno())
