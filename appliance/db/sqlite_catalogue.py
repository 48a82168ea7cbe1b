"""The catalogue as SQLite files: control.db, and tenants/<id>/tenant.db for each tenant."""

import contextlib
import os
import shutil
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from appliance import clock
from appliance.db import allowance, before, copies, migrate
from appliance.db.database import Database
from appliance.db.idle import Idle
from appliance.db.leaving import Leaving
from appliance.db.sqlite import SqliteDatabase
from appliance.db.sqlite_connection import APPLICATION_ID
from appliance.db.sqlite_writer import Writer
from appliance.db.tenants import CONTROL, Catalogue, kind_of
from appliance.db.troubles import Damaged
from appliance.errors import Problem

# Those who have written last: what they wrote may still be in the journal, and keeps a stop waiting for the disk.
UNSETTLED = 256


class SqliteCatalogue(Catalogue):
    fault = sqlite3.Error

    def __init__(self, folder: Path, looking: bool = False) -> None:
        super().__init__(folder, looking)
        self._writers: dict[str, Writer] = {}
        self._creating = threading.Lock()
        self._paths: dict[str, Path] = {}
        self._guard = threading.Lock()
        self._leaving = Leaving()
        # Opening costs 3 ms, and what looks after a tenant that was written to comes back within seconds. A handle
        # costs three descriptors, a writer two.
        files, most = allowance.files() // 10, allowance.connections()
        self._idle, writers = Idle(min(files, most * 2 // 3)), min(files, most // 3)
        self._unsettled_most = min(UNSETTLED, writers // 2)
        self._settled_most = writers - self._unsettled_most
        # Open writers, by when they were used last: those with a journal, and those whose journal is empty.
        self._unsettled: OrderedDict[str, Writer] = OrderedDict()
        self._settled: OrderedDict[str, Writer] = OrderedDict()
        if not (folder / "control.db").exists():
            self._refuse_orphans()
            if looking:
                raise Problem("config", f"There is no control.db in {folder}.")
            self._write_new(folder / "control.db", CONTROL)

    def create(self, tenant_id: str) -> None:
        with self._creating:
            final = self.folder / "tenants" / tenant_id
            if final.exists():
                raise Problem("conflict", f"Tenant {tenant_id} has a database already.")
            staging = final.with_name(final.name + ".creating")
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir(parents=True)
            shutil.copyfile(self._template(), staging / "tenant.db")
            (staging / "tenant.db").chmod(0o600)
            # The rename is the moment the tenant comes to exist: a crash before it leaves nothing to open.
            staging.rename(final)

    @contextmanager
    def hurried(self, tenant_id: str) -> Iterator[None]:
        with self.open(tenant_id) as db:
            writer = self._writers[db.name]
            writer.synchronise("NORMAL")
            try:
                yield
            finally:
                writer.synchronise("FULL")

    def discard(self, tenant_id: str) -> None:
        self._close_idle(tenant_id)
        self._current.discard(tenant_id)
        shutil.rmtree(self.folder / "tenants" / tenant_id, ignore_errors=True)

    def exists(self, tenant_id: str) -> bool:
        return self._path(tenant_id).exists()

    def keep_copy(self, db: Database, found: int) -> None:
        """Of an upgrade that was cut the copy from before it stays; one of the same version is made anew."""
        before.require_space(self._path(db.name))
        target = before.path(self.folder, db.name, found)
        # A tenant in maintenance is tried again and again, and has not changed meanwhile.
        tried = db.name in self.failed and target.exists()
        if tried or before.has_older(self.folder, db.name, found):
            return
        assert isinstance(db, SqliteDatabase)
        db.copy_to(target)

    def drop_copies(self) -> None:
        before.drop(self.folder)

    def close(self) -> None:
        self._close_idle()

    def copy_into(self, name: str, path: Path) -> None:
        self._refuse_missing(name)
        copies.take(self._path(name), path)

    def stored(self, name: str) -> int:
        return sum(path.stat().st_size for path in self._parts(name))

    def touched(self, name: str) -> str:
        files = (path for path in self._path(name).parent.joinpath("files").rglob("*") if name != CONTROL)
        newest = max(path.lstat().st_mtime for path in chain(self._parts(name), files))
        return clock.iso(datetime.fromtimestamp(newest, UTC))

    def written_at(self, tenant_id: str) -> float:
        """Without opening it: the file itself, or what is in its journal."""
        path, newest = self.folder / "tenants" / tenant_id / "tenant.db", 0.0
        for file in (f"{path}", f"{path}-wal"):
            with contextlib.suppress(OSError):
                stat = os.stat(file)
                newest = max(newest, stat.st_mtime if stat.st_size else 0.0)
        return newest

    def put_back(self, tenant_id: str, made: Path, aside: Path) -> None:
        """Two renames: a crash between them leaves the tenant aside and the folder free for the next try."""
        self._close_idle(tenant_id)
        living = self.folder / "tenants" / tenant_id
        if living.exists():
            aside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            living.rename(aside)
        living.parent.mkdir(mode=0o700, exist_ok=True)
        made.rename(living)
        self.replaced(tenant_id)

    def _parts(self, name: str) -> list[Path]:
        """The files of a database that are there. An empty journal says nothing of when something was written."""
        path = self._path(name)
        journal = path.with_name(path.name + "-wal")
        return [path, *(each for each in [journal] if each.exists() and each.stat().st_size)] if path.exists() else []

    def _open(self, name: str) -> Database:
        self._refuse_missing(name)
        if db := self._idle.take(name):
            return db
        with self._guard:
            writer = self._writers.setdefault(name, Writer(self._path(name)))
        tables = migrate.tables(kind_of(name))
        return SqliteDatabase(name, self._path(name), tables, self.publish, writer, self.looking)

    def _let_go(self, name: str) -> None:
        chosen, writer = self._idle.drop(name), self._writers.get(name)
        self._leaving.over(name)
        for db in chosen:
            db.close()
        if writer:
            # Without waiting: the turn may be that of the very thread that found the damage.
            writer.rest()

    def _give_back(self, db: Database) -> None:
        if db.name in self._troubles:
            db.close()
            self._let_go(db.name)
            return
        assert isinstance(db, SqliteDatabase)
        if oldest := self._idle.put(db):
            self._leaving.later(oldest.name, oldest.close)
        self._keep_writers(db.name)
        self._leaving.keep_up()

    def _keep_writers(self, name: str) -> None:
        """As many open as may be; the journals of those not used lately are emptied before a stop has to."""
        with self._guard:
            writer = self._writers[name]
            if not writer.works:
                return
            if name in self._settled and not writer.unsettled:
                # It was only read: there is nothing to empty.
                self._settled.move_to_end(name)
                return
            self._settled.pop(name, None)
            self._unsettled[name] = writer
            self._unsettled.move_to_end(name)
            if len(self._unsettled) > self._unsettled_most:
                name, writer = self._unsettled.popitem(last=False)
                self._settled[name] = writer
                self._leaving.later(name, writer.calm)
            if len(self._settled) > self._settled_most:
                name, writer = self._settled.popitem(last=False)
                self._leaving.later(name, writer.rest)

    def _alone(self, db: Database) -> AbstractContextManager[None]:
        assert isinstance(db, SqliteDatabase)
        return db.alone()

    def _close_idle(self, name: str = "") -> None:
        chosen = self._idle.drop(name)
        with self._guard:
            writers = [writer for owner, writer in self._writers.items() if name in ("", owner)]
        # Closing takes the journal away by its path: a file that comes in its place must not be there yet.
        self._leaving.over(name)
        for db in chosen:
            db.close()
        for writer in writers:
            writer.close()

    def _refuse_missing(self, name: str) -> None:
        if not self._path(name).exists():
            raise Damaged(f"The database of {name} is missing. Restore it from a backup.")

    def _path(self, name: str) -> Path:
        # Putting paths together takes longer than looking whether they are there, and every open does that.
        if (found := self._paths.get(name)) is None:
            found = self.folder / "control.db" if name == CONTROL else self.folder / "tenants" / name / "tenant.db"
            self._paths[name] = found
        return found

    def _template(self) -> Path:
        """A migrated, empty tenant database; copying it takes 0.2 ms where migrating takes 10."""
        path = self.folder / "templates" / f"tenant-{migrate.latest('tenant')}.db"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            self._write_new(path, "template")
        return path

    def _write_new(self, path: Path, name: str) -> None:
        partial = path.with_suffix(".partial")
        for leftover in partial.parent.glob(partial.name + "*"):
            leftover.unlink()
        partial.touch(0o600)
        writer = Writer(partial)
        db = SqliteDatabase(name, partial, migrate.tables(kind_of(name)), self.publish, writer)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrate.migrate(db, kind_of(name))
        db.close()
        writer.close()
        os.replace(partial, path)

    def _refuse_orphans(self) -> None:
        # A missing control.db beside tenants is a loss, not a new install.
        tenants = self.folder / "tenants"
        if tenants.is_dir() and any(tenants.iterdir()):
            raise Problem("config", f"{self.folder} holds tenants but no control.db. Restore control.db from a backup.")
