"""The master key: from the settings, from a file, or made once on a box without data."""

import contextlib
import os
from pathlib import Path

from appliance import crypto, ids
from appliance.crypto import Vault
from appliance.db.tenants import Catalogue
from appliance.domain import audit_chain, tenants
from appliance.errors import Problem
from appliance.settings import Settings


def path(folder: Path) -> Path:
    return folder / "keys" / "master.key"


def next_path(folder: Path) -> Path:
    """Where the new key waits while a rotation is under way."""
    return path(folder).with_suffix(".key.next")


def finish_rotation(folder: Path, probe: str) -> None:
    """After a crash in the middle of a rotation: when the new key opens the data already, it takes its place."""
    new = next_path(folder)
    # A half-written one is from before the data changed: the old key still opens it.
    with contextlib.suppress(Problem):
        if new.exists() and crypto.opens(_from_file(new, may_create=False), probe):
            os.replace(new, path(folder))


def load_master(settings: Settings, folder: Path, probe: str | None) -> bytes:
    """The key of the setting `master_key`, else of the file; a new one only when `probe` is None (there is no data).

    Raises Problem(locked), saying the fix, when there is no key or it is not the one that made `probe`.
    """
    if settings.master_key:
        key, origin = crypto.parse_key(settings.master_key), settings.origin("master_key")
    else:
        if probe is not None:
            finish_rotation(folder, probe)
        key, origin = _from_file(path(folder), may_create=probe is None), str(path(folder))
    if probe is not None:
        _check(key, probe, origin)
    return key


def unlock(catalogue: Catalogue, settings: Settings) -> Vault:
    """The vault of this box, after the key has proved to be the right one. Raises Problem(locked)."""

    def find_wrapped(tenant_id: str) -> str:
        with catalogue.control() as control:
            return tenants.wrapped_key(control, tenant_id)

    with catalogue.control() as control:
        probe = control.value("SELECT value FROM box WHERE name = 'probe'")
        if probe is None and control.value("SELECT COUNT(*) FROM tenants"):
            raise Problem("locked", "The key check is missing from control.db. Restore control.db from a backup.")
        vault = Vault(load_master(settings, catalogue.folder, probe), find_wrapped)
        if probe is None:
            control.execute(
                "INSERT INTO box (name, value) VALUES ('probe', :probe) ON CONFLICT (name) DO NOTHING",
                {"probe": vault.probe()},
            )
            # Another process may have been first, with another key.
            vault.check(control.value("SELECT value FROM box WHERE name = 'probe'"))
        catalogue.log_key = audit_chain.unlock(control, vault)
    return vault


def _check(key: bytes, probe: str, origin: str) -> None:
    try:
        crypto.unseal(key, probe, "probe")
    except Problem as error:
        raise Problem(
            "locked",
            f"The master key from {origin} is not the one this data was made with. Put the right key there "
            "(from the recovery kit or a backup of keys/master.key) and start again. Nothing was changed.",
        ) from error


def _from_file(file: Path, may_create: bool) -> bytes:
    try:
        return crypto.parse_key(file.read_text())
    except FileNotFoundError:
        if may_create:
            return _create(file)
        raise Problem(
            "locked",
            f"The master key is missing. Put the file {file} back (from the recovery kit or a backup), or set "
            "AGENTHQ_MASTER_KEY, and start again. No new key is made over existing data.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("locked", f"The master key file {file} can't be read: {error}.") from error
    except Problem as error:
        raise Problem(
            "locked", f"{file} is damaged: it must hold 64 hexadecimal digits. Put the right one back."
        ) from error


def _create(file: Path) -> bytes:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = file.with_name(f"{ids.new()}.partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(crypto.new_key().hex() + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        # A hard link fails when somebody else was first; a rename would replace its key.
        os.link(partial, file)
    except FileExistsError:
        """Theirs is the key."""
    finally:
        partial.unlink()
    return crypto.parse_key(file.read_text())
