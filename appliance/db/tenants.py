"""The catalogue of databases: the control database and one for each tenant."""

import os
import resource
import shutil
import threading
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.db import migrate
from appliance.db.database import Database, Publish, Row
from appliance.db.fairlock import FairLock
from appliance.db.postgres import PostgresDatabase, open_pool
from appliance.db.sqlite import APPLICATION_ID, SqliteDatabase
from appliance.errors import Problem

CONTROL = "control"


class Catalogue(ABC):
    """Opens databases by tenant id. `subscribe` hears of every committed event of every database opened here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._subscribers: list[Publish] = []
        self._current: set[str] = set()
        self._migrating = threading.Lock()

    def subscribe(self, hear: Publish) -> None:
        self._subscribers.append(hear)

    def publish(self, name: str, events: list[Row]) -> None:
        for hear in self._subscribers:
            hear(name, events)

    @contextmanager
    def control(self) -> Iterator[Database]:
        with self.open(CONTROL) as db:
            yield db

    @contextmanager
    def open(self, tenant_id: str) -> Iterator[Database]:
        """A database for one request or job, migrated on its first use by this process."""
        db = self._open(tenant_id)
        try:
            self._migrate_once(db)
            yield db
        finally:
            self._give_back(db)

    @abstractmethod
    def create(self, tenant_id: str) -> None:
        """Make an empty, migrated database for a new tenant. Raises Problem(conflict) when there is one."""

    @abstractmethod
    def discard(self, tenant_id: str) -> None:
        """Remove a database whose tenant never became visible."""

    @abstractmethod
    def exists(self, tenant_id: str) -> bool: ...

    @abstractmethod
    def _open(self, name: str) -> Database: ...

    def _give_back(self, db: Database) -> None:
        db.close()

    @abstractmethod
    def close(self) -> None:
        """Give back what the catalogue holds open."""

    def files(self, tenant_id: str) -> Path:
        """The folder of a tenant's workspaces and blobs; made on first use."""
        path = self.folder / "tenants" / tenant_id / "files"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _migrate_once(self, db: Database) -> None:
        if db.name in self._current:
            return
        with self._migrating:
            migrate.migrate(db, _kind(db.name))
            self._current.add(db.name)


def _kind(name: str) -> str:
    return CONTROL if name == CONTROL else "tenant"


class SqliteCatalogue(Catalogue):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._writers: dict[str, FairLock] = defaultdict(FairLock)
        self._creating = threading.Lock()
        self._idle: deque[Database] = deque()
        self._idle_guard = threading.Lock()
        # Opening costs 0.8 ms, most of it preparing statements anew; each handle costs three descriptors.
        self._idle_most = min(32, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 16)
        if not (folder / "control.db").exists():
            self._refuse_orphans()
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

    def discard(self, tenant_id: str) -> None:
        self._close_idle(tenant_id)
        shutil.rmtree(self.folder / "tenants" / tenant_id, ignore_errors=True)

    def exists(self, tenant_id: str) -> bool:
        return self._path(tenant_id).exists()

    def close(self) -> None:
        self._close_idle()

    def _open(self, name: str) -> Database:
        if not self._path(name).exists():
            raise Problem("unavailable", f"The database of {name} is missing. Restore it from a backup.")
        with self._idle_guard:
            for db in reversed(self._idle):
                if db.name == name:
                    self._idle.remove(db)
                    return db
        return SqliteDatabase(name, self._path(name), migrate.tables(_kind(name)), self.publish, self._writers[name])

    def _give_back(self, db: Database) -> None:
        with self._idle_guard:
            self._idle.append(db)
            oldest = self._idle.popleft() if len(self._idle) > self._idle_most else None
        if oldest:
            oldest.close()

    def _close_idle(self, name: str = "") -> None:
        with self._idle_guard:
            chosen = [db for db in self._idle if name in ("", db.name)]
            self._idle = deque(db for db in self._idle if db not in chosen)
        for db in chosen:
            db.close()

    def _path(self, name: str) -> Path:
        return self.folder / "control.db" if name == CONTROL else self.folder / "tenants" / name / "tenant.db"

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
        db = SqliteDatabase(name, partial, migrate.tables(_kind(name)), self.publish, FairLock())
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrate.migrate(db, _kind(name))
        db.close()
        os.replace(partial, path)

    def _refuse_orphans(self) -> None:
        # A missing control.db beside tenants is a loss, not a new install.
        tenants = self.folder / "tenants"
        if tenants.is_dir() and any(tenants.iterdir()):
            raise Problem("config", f"{self.folder} holds tenants but no control.db. Restore control.db from a backup.")


class PostgresCatalogue(Catalogue):
    def __init__(self, folder: Path, url: str, size: int) -> None:
        super().__init__(folder)
        self._pool = open_pool(url, size)
        if not self.exists(CONTROL):
            self.create(CONTROL)

    def create(self, tenant_id: str) -> None:
        with self._pool.connection() as conn:
            conn.execute("SELECT pg_advisory_lock(4158513)")
            try:
                if self.exists(tenant_id) and tenant_id != CONTROL:
                    raise Problem("conflict", f"Tenant {tenant_id} has a database already.")
                conn.execute(f'CREATE SCHEMA IF NOT EXISTS "{_schema(tenant_id)}"')
                with self.open(tenant_id):
                    """Opening migrates."""
            finally:
                conn.execute("SELECT pg_advisory_unlock(4158513)")

    def discard(self, tenant_id: str) -> None:
        with self._pool.connection() as conn:
            conn.execute(f'DROP SCHEMA IF EXISTS "{_schema(tenant_id)}" CASCADE')
        self._current.discard(tenant_id)

    def exists(self, tenant_id: str) -> bool:
        with self._pool.connection() as conn:
            sql = "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
            return conn.execute(sql, (_schema(tenant_id),)).fetchone() is not None

    def close(self) -> None:
        self._pool.close()

    def _open(self, name: str) -> Database:
        return PostgresDatabase(name, _schema(name), migrate.tables(_kind(name)), self.publish, self._pool)


def _schema(name: str) -> str:
    return "agenthq_control" if name == CONTROL else f"t_{name.replace('-', '')}"


def open_catalogue(folder: Path, database_url: str = "", size: int = 20) -> Catalogue:
    """SQLite files in `folder`, or the PostgreSQL database at `database_url`."""
    return PostgresCatalogue(folder, database_url, size) if database_url else SqliteCatalogue(folder)
