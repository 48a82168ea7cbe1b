"""The proof that a backup can be put back: it is, into scratch, looked through, and opened with the keys."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, NamedTuple, cast

import msgspec

from appliance import clock, ids
from appliance.backup import archive, places, rows
from appliance.backup.archive import Manifest
from appliance.backup.means import Means, require_space, turn
from appliance.backup.rows import VERIFIED, Backup, Drill
from appliance.crypto import Vault
from appliance.db import copies, migrate
from appliance.db.tenants import CONTROL, kind_of
from appliance.domain import audit, provider_secrets, tenants
from appliance.domain.actor import Actor
from appliance.errors import Problem


class Drilled(NamedTuple):
    """`without` names the tenants that have no backup to try. RTO: seconds that a restore of all of them took."""

    drills: list[Drill]
    without: list[str]

    @property
    def failed(self) -> list[Drill]:
        return [drill for drill in self.drills if not drill.ok]

    @property
    def rto_s(self) -> float:
        return sum(drill.seconds for drill in self.drills)

    @property
    def bytes(self) -> int:
        return sum(drill.bytes for drill in self.drills)


def run(means: Means, actor: Actor, only: Iterable[str] = (), stopping: Callable[[], bool] = lambda: False) -> Drilled:
    """Try the newest backup of the tenants named by id, or of all and of the box. Raises Problem(conflict)."""
    drilled = Drilled([], [])
    with turn(means.folder) as work:
        with means.catalogue.control() as control:
            wanted = list(only) or [*(tenant.id for tenant in tenants.every(control)), CONTROL]
        for tenant_id in wanted:
            if stopping():
                break
            with means.catalogue.control() as control:
                newest = _newest(rows.of(control, tenant_id, VERIFIED))
            if newest is None:
                drilled.without.append(tenant_id)
                continue
            drilled.drills.append(_record(means, try_one(means, work, newest)))
        with means.catalogue.control() as control:
            said = f"{len(drilled.drills)} tried, {len(drilled.failed)} failed"
            audit.record(control, actor, "backup.drill", said)
    return drilled


def try_one(means: Means, work: Path, backup: Backup) -> Drill:
    """From the place to an open database; what was wrong is in `note`."""
    started, scratch = clock.monotonic(), work / f"drill-{backup.id}"
    drill = Drill(ids.new(), backup.tenant_id, backup.id, backup.target, clock.iso(), False, 0.0, backup.bytes)
    scratch.mkdir(mode=0o700)
    try:
        require_space(means.folder, 3 * backup.bytes)
        file = scratch / f"fetched{archive.SUFFIX}"
        with means.catalogue.control() as control, open(file, "xb") as out:
            place = places.by_name(control, means.folder, backup.target_id)
            places.opened(control, means.vault, place).get(backup.name, cast(IO[bytes], out))
        manifest = proved(file, means.vault, scratch)
        opened = _opens(means.vault, manifest, scratch)
        drill = msgspec.structs.replace(drill, ok=True, row_count=manifest.rows, secret_opened=opened)
    except Problem as problem:
        drill = msgspec.structs.replace(drill, note=problem.detail)
    except OSError as error:
        drill = msgspec.structs.replace(drill, note=f"The scratch folder can't be written: {error.strerror}.")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return msgspec.structs.replace(drill, seconds=clock.monotonic() - started)


def proved(file: Path, vault: Vault, into: Path) -> Manifest:
    """Unpack into a folder and prove that the database is sound and what its list says.

    Raises Problem(unavailable), Problem(locked), and Problem(newer_data) for one that a newer program wrote.
    """
    manifest = archive.unpack(file, vault, into)
    migrate.refuse_newer(manifest.schema, kind_of(manifest.tenant_id))
    inside = copies.check(into / archive.DATABASE)
    if (inside.schema, inside.counts) != (manifest.schema, manifest.counts):
        raise Problem("unavailable", "The backup is damaged: its rows are not those that its list counts.")
    return manifest


def _opens(vault: Vault, manifest: Manifest, scratch: Path) -> bool:
    """With the tenant's own key: is it right? One stored secret is opened, if there is any. Raises Problem(locked)."""
    if manifest.tenant_id == CONTROL:
        probe = copies.row(scratch / archive.DATABASE, "SELECT value FROM box WHERE name = 'probe'")
        vault.check(probe["value"] if probe else vault.probe())
        return False
    own = vault.with_keys(lambda _: str(manifest.tenant["data_key"]))
    own.try_key(manifest.tenant_id)
    found = copies.row(scratch / archive.DATABASE, provider_secrets.ANY)
    if found is None:
        return False
    provider_secrets.unsealed(own, manifest.tenant_id, found)
    return True


def _newest(backups: list[Backup]) -> Backup | None:
    """Of the copies of the newest one outside the box if there is one: that is the one that will be needed."""
    found = [backup for backup in backups if backup.id == backups[0].id]
    return min(found, key=lambda each: (each.target_id == places.HERE, each.target), default=None)


def _record(means: Means, drill: Drill) -> Drill:
    with means.catalogue.control() as control:
        rows.put_drill(control, drill)
    return drill
