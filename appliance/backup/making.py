"""Making a backup: copy, check, compress, encrypt, read back, bring it to every place, read it back there."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, NamedTuple, cast

import msgspec

from appliance import __version__, clock, ids
from appliance.backup import archive, keeping, places, rows
from appliance.backup.archive import Manifest
from appliance.backup.means import Means, require_space, size_of, turn
from appliance.backup.places import Place
from appliance.backup.rows import FAILED, RUNNING, VERIFIED, Backup
from appliance.db import copies
from appliance.db.database import Database
from appliance.db.tenants import CONTROL
from appliance.domain import audit, tenants
from appliance.domain.actor import Actor
from appliance.domain.restored import EPOCH
from appliance.errors import Problem
from appliance.gateway.targets.target import Target

log = logging.getLogger(__name__)
GENERATION = "key_generation"


class Ran(NamedTuple):
    """`unchanged` names the tenants whose last backup still has everything."""

    made: list[Backup]
    unchanged: list[str]

    @property
    def failed(self) -> list[Backup]:
        return [backup for backup in self.made if backup.state == FAILED]


def run(
    means: Means,
    actor: Actor,
    only: Iterable[str] = (),
    changed: bool = False,
    stopping: Callable[[], bool] = lambda: False,
) -> Ran:
    """Back up the tenants named by id (and `control`), or all and the box last, so that it knows of the others.

    One that fails is told in its row and holds up no other. Raises Problem(conflict) while another works.
    """
    ran = Ran([], [])
    with turn(means.folder) as work:
        with means.catalogue.control() as control:
            rows.give_up_running(control)
            rows.forget_failures(control)
            keeping.forget_purged(control, means.folder, means.vault)
            wanted = list(only) or [*(tenant.id for tenant in tenants.every(control)), CONTROL]
        for tenant_id in wanted:
            if stopping():
                break
            if changed and unchanged(means, tenant_id):
                ran.unchanged.append(tenant_id)
                continue
            ran.made.extend(make(means, work, tenant_id))
        with means.catalogue.control() as control:
            audit.record(control, actor, "backup.run", f"{len(ran.made)} copies, {len(ran.failed)} failed")
    return ran


def unchanged(means: Means, tenant_id: str) -> bool:
    """Has every place a backup, with the key of now, from after the last write?"""
    with means.catalogue.control() as control:
        wanted = {place.id for place in places.every(control, means.folder)}
        touched = means.catalogue.touched(tenant_id)
        now = generation(control)
        found = {
            backup.target_id
            for backup in rows.of(control, tenant_id, VERIFIED)
            if backup.generation == now and touched and backup.at > touched
        }
    return wanted <= found


def make(means: Means, work: Path, tenant_id: str) -> list[Backup]:
    """One backup, in every place; the rows say how it went in each."""
    started, backup_id, at = clock.monotonic(), ids.new(), clock.iso()
    name = f"{tenant_id}/{at[:19].replace(':', '').replace('-', '')}Z-{backup_id}{archive.SUFFIX}"
    with means.catalogue.control() as control:
        kept = places.every(control, means.folder)
        made = [Backup(backup_id, place.id, place.name, tenant_id, at, RUNNING, name) for place in kept]
        for row in made:
            rows.put(control, row)
    found = []
    try:
        _prune(means, kept, tenant_id)
        file, filled = _write(means, work, made[0])
        for place, row in zip(kept, made, strict=True):
            filled = msgspec.structs.replace(filled, target_id=row.target_id, target=row.target)
            found.append(_bring(means, place, file, filled, started))
        file.unlink()
    except Problem as problem:
        found = [msgspec.structs.replace(row, state=FAILED, note=problem.detail) for row in made]
    with means.catalogue.control() as control, control.transaction():
        for row in found:
            rows.put(control, row)
    for row in found:
        if row.state == FAILED:
            log.error("backup of %s to %s failed: %s", tenant_id, row.target, row.note)
    return found


def generation(control: Database) -> int:
    """How many master keys this box has had."""
    return int(control.value("SELECT value FROM box WHERE name = :name", {"name": GENERATION}) or 1)


def digest_at(target: Target, name: str) -> str:
    """The SHA-256 of what the place gives back."""
    reading = hashlib.sha256()
    target.get(name, cast(IO[bytes], _Sink(reading.update)))
    return reading.hexdigest()


def _prune(means: Means, kept: list[Place], tenant_id: str) -> None:
    """A place that does not answer now is told about when it is to keep the new one."""
    for place in kept:
        with means.catalogue.control() as control:
            try:
                if keeping.due(control, tenant_id, place.id):
                    keeping.prune(control, place, places.opened(control, means.vault, place), tenant_id)
            except Problem as problem:
                log.warning("old backups in %s stay: %s", place.name, problem.detail)


def _write(means: Means, work: Path, row: Backup) -> tuple[Path, Backup]:
    """The file, read back whole, and what its row shall say."""
    files = means.files(row.tenant_id)
    require_space(means.folder, 2 * means.catalogue.stored(row.tenant_id) + 2 * size_of(files))
    copy, file = work / f"{row.id}.db", work / f"{row.id}{archive.SUFFIX}"
    try:
        means.catalogue.copy_into(row.tenant_id, copy)
        inside = copies.check(copy)
        manifest = _manifest(means, row, inside)
        written = archive.write(file, means.vault, manifest, copy, files)
        archive.unpack(file, means.vault)
    except OSError as error:
        raise Problem("disk_full", f"The backup can't be written ({error.strerror}). Free some space.") from error
    finally:
        copy.unlink(missing_ok=True)
    return file, msgspec.structs.replace(
        row,
        bytes=written.bytes,
        digest=written.digest,
        generation=manifest.generation,
        schema_version=manifest.schema,
        epoch=manifest.epoch,
        row_count=manifest.rows,
    )


def _manifest(means: Means, row: Backup, inside: copies.Inside) -> Manifest:
    with means.catalogue.control() as control:
        now = generation(control)
        tenant = control.one("SELECT * FROM tenants WHERE id = :id", {"id": row.tenant_id}) or {}
        with means.catalogue.open(row.tenant_id) as db:
            epoch = int(db.value("SELECT value FROM counters WHERE name = :name", {"name": EPOCH}) or 0)
    return Manifest(row.id, row.tenant_id, row.at, __version__, inside.schema, inside.counts, now, epoch, tenant)


def _bring(means: Means, place: Place, file: Path, row: Backup, started: float) -> Backup:
    """Into one place, and prove by its listing and by reading it back that it is there."""
    failure = ""
    with means.catalogue.control() as control:
        try:
            target = places.opened(control, means.vault, place)
            if place.id == places.HERE:
                require_space(means.folder, 0)
            target.put(file, row.name)
            if (row.name, row.bytes) not in target.list():
                raise Problem("unavailable", f"{place.name} does not list what it was given.")
            if digest_at(target, row.name) != row.digest:
                target.delete(row.name)
                raise Problem("unavailable", f"{place.name} gives back something else than it was given.")
        except Problem as problem:
            failure = problem.detail
        if place.id != places.HERE:
            places.tell(control, place, failure)
    seconds = clock.monotonic() - started
    return msgspec.structs.replace(row, state=FAILED if failure else VERIFIED, note=failure, seconds=seconds)


class _Sink:
    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write
