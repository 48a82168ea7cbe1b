"""Putting back: beside what is there, checked, made ready, and only then swapped in. The old is kept aside."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from appliance import clock
from appliance.backup import archive, drilling
from appliance.backup.archive import Manifest
from appliance.backup.means import Means, require_space
from appliance.crypto import Vault
from appliance.db import copies
from appliance.db.database import Database
from appliance.db.sqlite_catalogue import SqliteCatalogue
from appliance.db.tenants import CONTROL, Catalogue
from appliance.domain import audit, audit_chain, restored, tenants
from appliance.domain.actor import Actor
from appliance.domain.restored import Restored
from appliance.errors import Problem, not_found
from appliance.gateway.targets.target import Target


class Source(NamedTuple):
    """Where backups lie, and the master key that made them."""

    target: Target
    vault: Vault


class Found(NamedTuple):
    """What was put back of one tenant. `passed_over` says which newer backups could not be used, and why."""

    tenant_id: str
    slug: str
    at: str
    rows: int
    restored: Restored | None
    passed_over: list[str]


class Whole(NamedTuple):
    """`missing` are tenants of the box that have no backup that can be used; `aside` is where the old data is.

    `schemas` begins the names of the PostgreSQL schemas that hold the old rows.
    """

    tenants: list[Found]
    missing: dict[str, str]
    control_at: str
    aside: Path | None
    schemas: str = ""


def newest_first(target: Target, owner: str) -> list[str]:
    """The names of an owner's backups. Their names begin with their time."""
    found = [each.name for each in target.list() if each.name.startswith(f"{owner}/")]
    return sorted((name for name in found if name.endswith(archive.SUFFIX)), reverse=True)


def fetch(source: Source, owner: str, into: Path, wanted: str = "") -> tuple[Manifest, list[str]]:
    """The newest backup of `owner` that is whole, or the one whose name holds `wanted`, unpacked and proved in `into`.

    Raises Problem(not_found), and what was wrong with the only one. One of a newer program is never passed over.
    """
    passed: list[str] = []
    for name in (name for name in newest_first(source.target, owner) if wanted in name):
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(mode=0o700, parents=True)
        file = into / f"fetched{archive.SUFFIX}"
        try:
            with open(file, "xb") as out:
                source.target.get(name, cast(IO[bytes], out))
            require_space(into, 3 * file.stat().st_size)
            manifest = drilling.proved(file, source.vault, into)
            if manifest.tenant_id != owner:
                raise Problem("unavailable", "It is a backup of another tenant under this one's name.")
            file.unlink()
            return manifest, passed
        except Problem as problem:
            if problem.code in ("newer_data", "disk_full"):
                raise
            passed.append(f"{name}: {problem.detail}")
    shutil.rmtree(into, ignore_errors=True)
    raise Problem("unavailable", passed[0]) if passed else not_found("backup", " that fits there.")


def box(data: Path, source: Source, actor: Actor, force: bool = False, server: Catalogue | None = None) -> Whole:
    """The whole box into the data folder, with nothing but backups and the master key of the kit.

    With `server` the databases go there and the rest into the folder. Raises Problem(conflict) when a box lives there
    and `force` is not said. A crash before the end leaves no control database, so that nothing of the box is to be seen
    and this can be run again.
    """
    living = _lives(server) if server else (data / "control.db").exists()
    if living and not force:
        said = f"A box lives in {data}. Take an empty folder with --data DIR, or --force to set the living one aside."
        raise Problem("conflict", said)
    side = _fresh(data / "restoring")
    manifest, _ = fetch(source, CONTROL, side / "control")
    (side / "control" / archive.DATABASE).rename(side / "control.db")
    found, missing = _tenants(side, source)
    with contextlib.closing(SqliteCatalogue(side)) as catalogue, catalogue.control() as control:
        keys = source.vault.with_keys(lambda tenant_id: tenants.wrapped_key(control, tenant_id))
        ready = [one._replace(restored=_ready(catalogue, keys, one.tenant_id)) for one in found]
        audit_chain.unlock(control, source.vault)
        _end_sessions(control)
        audit.record(control, actor, "box.restored", f"from {manifest.at}")
    (side / "keys").mkdir(mode=0o700)
    _write_key(side / "keys" / "master.key", source.vault)
    aside = data / "aside" / clock.iso()[:19].replace(":", "")
    if server and not living:
        # An empty one, made when the server was opened.
        server.discard(CONTROL)
    schemas = _swap(data, side, aside, server, [one.tenant_id for one in ready])
    return Whole(ready, missing, manifest.at, aside if aside.exists() else None, schemas)


class Wish(NamedTuple):
    """Of which tenant (its id) which backup: the newest, or the one whose name holds `wanted`."""

    owner: str
    wanted: str = ""
    force: bool = False


def tenant(means: Means, source: Source, actor: Actor, wish: Wish, work: Path) -> Found:
    """One tenant of a living box.

    The server must be stopped: the caller owns the data folder. Raises Problem(conflict), Problem(duplicate).
    """
    owner = wish.owner
    side = work / "side"
    side.mkdir(mode=0o700)
    # A box of its own, whose control database stays empty.
    beside = SqliteCatalogue(side)
    folder = side / "tenants" / owner
    manifest, passed = fetch(source, owner, folder, wish.wanted)
    aside = means.folder / "aside" / f"{clock.iso()[:19].replace(':', '')}-{owner}"
    with means.catalogue.control() as control:
        there = control.one("SELECT * FROM tenants WHERE id = :id", {"id": owner})
        if there and means.catalogue.exists(owner) and not wish.force:
            said = f"Tenant {there['slug']} lives. Say --force to set its living data aside and go back to the backup."
            raise Problem("conflict", said)
        row = there or _adopted(control, means.vault, source.vault, manifest)
        keys = means.vault.with_keys(lambda _: str(row["data_key"]))
        with contextlib.closing(beside):
            done = _ready(beside, keys, owner, _epoch(means, owner))
        means.catalogue.put_back(owner, folder, aside)
        with control.transaction():
            if there is None:
                control.insert("tenants", row)
            _end_sessions(control, owner)
            audit.record(control, actor, "tenant.restored", f"{row['slug']} from {manifest.at}", owner)
    return Found(owner, str(row["slug"]), manifest.at, manifest.rows, done, passed)


def _tenants(side: Path, source: Source) -> tuple[list[Found], dict[str, str]]:
    found, missing = [], {}
    listed = "SELECT id, slug FROM tenants WHERE state <> 'purged' ORDER BY slug"
    for row in copies.rows(side / "control.db", listed):
        try:
            manifest, passed = fetch(source, row["id"], side / "tenants" / row["id"])
            found.append(Found(row["id"], row["slug"], manifest.at, manifest.rows, None, passed))
        except Problem as problem:
            if problem.code in ("newer_data", "disk_full"):
                raise
            missing[row["slug"]] = problem.detail
    return found, missing


def _ready(catalogue: SqliteCatalogue, keys: Vault, tenant_id: str, epoch: int = 0) -> Restored:
    """Migrated, of a new epoch, nothing of it trusted that the world may have gone past. Raises Problem(locked)."""
    keys.try_key(tenant_id)
    with catalogue.open(tenant_id) as db:
        if (behind := epoch - _number(db, restored.EPOCH)) > 0:
            # The living data counted on after the backup: the new epoch must be new to everybody.
            db.next_number(restored.EPOCH, by=behind)
        return restored.after_restore(db)


def _epoch(means: Means, owner: str) -> int:
    """That of the living data; 0 when it can't be read, which may be why it is put back."""
    if not means.catalogue.exists(owner):
        return 0
    try:
        with means.catalogue.open(owner) as db:
            return _number(db, restored.EPOCH)
    except Problem:
        return 0


def _number(db: Database, counter: str) -> int:
    return int(db.value("SELECT value FROM counters WHERE name = :name", {"name": counter}) or 0)


def _adopted(control: Database, ours: Vault, theirs: Vault, manifest: Manifest) -> dict[str, object]:
    """The row of a tenant that this box does not know, with its data key wrapped by this box's master key."""
    row = dict(manifest.tenant)
    if control.one("SELECT id FROM tenants WHERE slug = :slug", {"slug": row["slug"]}):
        raise Problem("duplicate", f"Another tenant of this box is called {row['slug']}. Rename that one first.")
    return row | {"data_key": theirs.rewrapped_for(ours, manifest.tenant_id, str(row["data_key"]))}


def _end_sessions(control: Database, tenant_id: str = "") -> None:
    """Of everybody, or of the members of one tenant: who had to leave after the backup must not be in again."""
    members = "SELECT user_id FROM memberships WHERE tenant_id = :tenant"
    control.execute(f"DELETE FROM sessions WHERE :tenant = '' OR user_id IN ({members})", {"tenant": tenant_id})
    if not tenant_id:
        for table in ("sign_in_links", "setup_tokens"):
            control.execute(f"DELETE FROM {table}")


def _lives(server: Catalogue) -> bool:
    with server.control() as control:
        return bool(
            control.value("SELECT COUNT(*) AS n FROM tenants") or control.value("SELECT COUNT(*) AS n FROM users")
        )


def _swap(data: Path, side: Path, aside: Path, server: Catalogue | None, owners: list[str]) -> str:
    """The old control database goes first and the new one comes last. How the names of schemas set aside begin."""
    if server is None:
        _set_aside(data, aside)
        _move_in(side, data)
        return ""
    schemas = server.set_all_aside()
    # Before the files of tenants come, which go to the same place.
    _set_aside(data, aside)
    for owner in owners:
        server.put_back(owner, side / "tenants" / owner, aside / owner)
    (side / "keys").rename(data / "keys")
    server.put_back(CONTROL, side, aside / CONTROL)
    shutil.rmtree(side)
    return schemas


def _write_key(path: Path, vault: Vault) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(vault.master_text() + "\n")
        out.flush()
        os.fsync(out.fileno())


def _fresh(side: Path) -> Path:
    shutil.rmtree(side, ignore_errors=True)
    side.mkdir(mode=0o700, parents=True)
    return side


def _set_aside(data: Path, aside: Path) -> None:
    """`control.db` first: from then on no box lives here, whatever happens."""
    for path in _parts(data):
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.rename(aside / path.name)


def _parts(data: Path) -> Iterator[Path]:
    for name in ("control.db", "control.db-wal", "control.db-shm", "tenants", "keys"):
        if (data / name).exists():
            yield data / name


def _move_in(side: Path, data: Path) -> None:
    """`control.db` last: with it the box lives again."""
    (side / "tenants").mkdir(exist_ok=True)
    for name in ("tenants", "keys", "control.db"):
        (side / name).rename(data / name)
    handle = os.open(data, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    shutil.rmtree(side)


def told(whole: Whole) -> dict[str, object]:
    """For --json."""
    return {
        "control_at": whole.control_at,
        "tenants": [one._asdict() for one in whole.tenants],
        "missing": whole.missing,
        "aside": str(whole.aside) if whole.aside else None,
        "schemas": whole.schemas,
    }
