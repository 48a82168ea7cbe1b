"""The catalogue of databases: the control database and one for each tenant."""

import logging
import os
import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, NoReturn

from appliance.db import before, migrate
from appliance.db.bounds import UNBOUNDED, Bounds, Known
from appliance.db.database import Attend, Busy, Database, Publish, Row
from appliance.db.leader import Alone, Leader
from appliance.db.troubles import Damaged, Troubles
from appliance.errors import Problem

CONTROL = "control"
# Noted on the control database by whoever changes a plan or what a tenant has of its own.
BOUNDS_CHANGED = "bounds"
log = logging.getLogger(__name__)


class Catalogue(ABC):
    """Opens databases by tenant id. `shared` says that other processes may serve the same data.

    One that is only `looking` makes nothing, migrates nothing and writes nothing.
    """

    shared = False
    # What the driver raises when a statement can't be carried out.
    fault: type[Exception] = Problem

    def __init__(self, folder: Path, looking: bool = False) -> None:
        self.folder = folder
        self.looking = looking
        self.log_key = b""
        self._subscribers: list[tuple[Publish, bool]] = []
        self._attending: list[Attend] = []
        self._current: set[str] = set()
        self._turns: dict[str, threading.Lock] = {}
        # Most databases are of an earlier version: the first look at one is made ready to write.
        self.outdated = False
        # Tenants that could not be brought to this program's version, and why.
        self.failed: dict[str, str] = {}
        self._bounds = Known(self.control, self.shared)
        self._troubles = Troubles()

    def subscribe(self, hear: Publish, elsewhere: bool = True) -> None:
        """`hear(name, events)` after each commit here and, unless told otherwise, in other processes.

        Of events from elsewhere only seq and kind are known. The name "" says that some may have been missed.
        """
        self._subscribers.append((hear, elsewhere))

    def attend(self, hear: Attend) -> None:
        """`hear(name, notes)` after each commit in this process that noted something (`Database.note`)."""
        self._attending.append(hear)

    def publish(self, name: str, events: list[Row]) -> None:
        """What was committed stays so: a subscriber that fails harms neither the committer nor other subscribers."""
        for hear, _ in self._subscribers:
            _tell(hear, name, events)

    def publish_elsewhere(self, name: str, events: list[Row]) -> None:
        for hear, elsewhere in self._subscribers:
            if elsewhere:
                _tell(hear, name, events)

    def listening(self) -> bool:
        """Are events of other processes heard, as far as somebody wants to?"""
        return True

    def leader(self, name: str) -> Leader:
        """The lead in one matter among all processes on this data."""
        return Alone()

    @contextmanager
    def control(self) -> Iterator[Database]:
        with self.open(CONTROL) as db:
            yield db

    @contextmanager
    def open(self, tenant_id: str) -> Iterator[Database]:
        """A database for one request or job, migrated on its first use by this process.

        Raises Damaged for a tenant's that can't be used: until it is mended, it is looked at every few seconds.
        """
        proves = self._troubles.meet(tenant_id)
        bounds = self.bounds(tenant_id)
        try:
            db = self._open(tenant_id)
        except Damaged as found:
            self._put_aside(tenant_id, found)
            raise
        try:
            self._make_ready(db, proves)
            db.bound(bounds)
            yield db
        finally:
            self._give_back(db)

    def bounds(self, tenant_id: str) -> Bounds:
        """How much the tenant may have and use, as it was at most a second ago."""
        return UNBOUNDED if tenant_id == CONTROL else self._bounds.of(tenant_id)

    def size(self, tenant_id: str) -> int:
        """Bytes of the tenant's database and of its files, measured now."""
        with self.open(tenant_id) as db:
            return db.size() + self.files_size(tenant_id)

    def files_size(self, tenant_id: str) -> int:
        """Bytes of the tenant's workspaces and blobs, measured now."""
        return _below(self.folder / "tenants" / tenant_id / "files")

    def rests(self, tenant_id: str) -> bool:
        """Whether the tenant is in maintenance and not yet to be looked at again."""
        return self._troubles.rests(tenant_id)

    def trouble(self, tenant_id: str) -> str:
        """Why the tenant is in maintenance and what to do about it; "" for one that can be used."""
        try:
            with self.open(tenant_id):
                return ""
        except Damaged as found:
            return found.detail

    @contextmanager
    def as_found(self, name: str) -> Iterator[Database]:
        """A database that is not migrated, for the little that must be known before."""
        db = self._open(name)
        try:
            yield db
        finally:
            self._give_back(db)

    def written_at(self, tenant_id: str) -> float:
        """When anybody last wrote to a tenant's database; 0 where the news of all commits arrive by themselves."""
        return 0.0

    def current(self, name: str) -> bool:
        """Has this process seen that the database is of this program's version?"""
        return name in self._current

    def replaced(self, name: str) -> None:
        """Another file or schema is behind the name now: look at it as on the first use."""
        self._current.discard(name)
        self.failed.pop(name, None)
        self._troubles.clear(name)

    @abstractmethod
    def keep_copy(self, db: Database, found: int) -> None:
        """Put away what is about to be migrated from version `found`. Raises Problem(disk_full) and others."""

    @abstractmethod
    def drop_copies(self) -> None:
        """Those of an upgrade that is over."""

    @contextmanager
    def hurried(self, tenant_id: str) -> Iterator[None]:
        """Commits that do not wait for the disk, for data that can be made again.

        A power cut may lose the last of them; what is left is sound. PostgreSQL goes on as it is set.
        """
        yield

    @abstractmethod
    def create(self, tenant_id: str) -> None:
        """Make an empty, migrated database for a new tenant. Raises Problem(conflict) when there is one."""

    @abstractmethod
    def discard(self, tenant_id: str) -> None:
        """Remove a database whose tenant never became visible."""

    @abstractmethod
    def exists(self, tenant_id: str) -> bool: ...

    @abstractmethod
    def copy_into(self, name: str, path: Path) -> None:
        """One moment of a database as a new SQLite file, whatever keeps it. Writers go on meanwhile."""

    @abstractmethod
    def stored(self, name: str) -> int:
        """How many bytes a database takes, roughly."""

    @abstractmethod
    def touched(self, name: str) -> str:
        """No write is later than this moment (ISO text); "" when nobody knows."""

    @abstractmethod
    def put_back(self, tenant_id: str, made: Path, aside: Path) -> None:
        """Let the folder `made` (tenant.db, files) be this tenant from now on; what was there goes to `aside`."""

    def forget_aside(self, tenant_id: str) -> None:
        """What restores and upgrades have kept of a tenant that is gone for good."""
        before.forget(self.folder, tenant_id)
        # Of the tenant alone; of the whole box; its files, of a box on PostgreSQL.
        for name in (f"*-{tenant_id}", f"*/tenants/{tenant_id}", f"*/{tenant_id}"):
            for kept in (self.folder / "aside").glob(name):
                shutil.rmtree(kept)

    def set_all_aside(self) -> str:
        """Every database of the box goes under another name, which begins as told; "" where files are moved instead."""
        return ""

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

    def _noted(self, name: str, notes: list[Any]) -> None:
        if name == CONTROL and BOUNDS_CHANGED in notes:
            self._bounds.forget()
        for hear in self._attending:
            _tell(hear, name, notes)

    def _make_ready(self, db: Database, proves: bool) -> None:
        db.attend, db.trouble = self._noted, self._put_aside
        db.log_key = self.log_key if db.name == CONTROL else b""
        try:
            self._migrate_once(db)
            if proves:
                self._prove(db)
        except Problem as found:
            if found.code not in ("newer_data", "maintenance") or db.name == CONTROL:
                raise
            problem = found if isinstance(found, Damaged) else Damaged(found.detail)
            self._put_aside(db.name, problem)
            raise problem from found

    def _prove(self, db: Database) -> None:
        if (fault := db.integrity()) != "ok":
            raise Damaged(f"The database is damaged ({fault}). Restore it from a backup.")
        self._troubles.clear(db.name)

    def _put_aside(self, name: str, found: Damaged) -> None:
        """Whoever opens it next begins anew: what is put in its place is another file."""
        if name != CONTROL:
            self._troubles.put(name, found)
            self._current.discard(name)
            self._let_go(name)

    @abstractmethod
    def _let_go(self, name: str) -> None:
        """Close what is open of a database and not in use right now."""

    def _migrate_once(self, db: Database) -> None:
        if self.looking or db.name in self._current:
            return
        with self._turns.setdefault(db.name, threading.Lock()):
            if db.name in self._current:
                return
            try:
                self._migrate(db)
            except (Problem, self.fault) as error:
                self._not_migrated(db.name, error)
            self.failed.pop(db.name, None)
            self._current.add(db.name)

    def _migrate(self, db: Database) -> None:
        kind = kind_of(db.name)
        if not self.outdated and _version(db) == migrate.latest(kind):
            return
        with self._alone(db):
            found = _version(db)
            if found < migrate.latest(kind):
                if found:
                    self.keep_copy(db, found)
                migrate.migrate(db, kind)

    def _alone(self, db: Database) -> AbstractContextManager[None]:
        """Commits that do not wait for the disk: a power cut undoes the migration, and the next start does it again."""
        return nullcontext()

    def _not_migrated(self, name: str, error: Exception) -> NoReturn:
        """One tenant's fault is its own; the box's database is everybody's."""
        if isinstance(error, Problem) and (name == CONTROL or isinstance(error, Busy) or error.code == "disk_full"):
            raise error
        if name == CONTROL:
            raise Problem(
                "unavailable",
                f"control.db can't be brought to this version ({error}). Nothing of it was changed: start the version "
                "you had before, and report this.",
            ) from error
        self.failed[name] = str(error)
        if isinstance(error, Problem) and error.code in ("newer_data", "maintenance"):
            raise error
        raise Damaged(
            f"The data of this tenant can't be brought to this version ({error}). Restore it from a backup, or start "
            "the version you had before."
        ) from error


def _tell(hear: Publish, name: str, events: list[Row]) -> None:
    try:
        hear(name, events)
    except Exception:  # the border of committed work
        log.exception("events of %s were not heard", name)


def _below(folder: Path) -> int:
    """The bytes of all files; what goes away meanwhile counts for nothing."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        for entry in found:
            with suppress(FileNotFoundError):
                is_folder = entry.is_dir(follow_symlinks=False)
                total += _below(Path(entry.path)) if is_folder else entry.stat(follow_symlinks=False).st_size
    return total


def _version(db: Database) -> int:
    found = migrate.known_version(db, kind_of(db.name))
    if not found and db.name != CONTROL:
        # Databases are made whole before they are opened: an empty one has lost everything.
        raise Damaged("The database is empty. Restore it from a backup.")
    return found


def kind_of(name: str) -> str:
    """Which migrations a database gets."""
    return CONTROL if name == CONTROL else "tenant"


def open_catalogue(folder: Path, database_url: str = "", size: int = 20, looking: bool = False) -> Catalogue:
    """SQLite files in `folder`, or the PostgreSQL database at `database_url`."""
    if not database_url:
        from appliance.db.sqlite_catalogue import SqliteCatalogue  # noqa: PLC0415  one of the two is never needed

        return SqliteCatalogue(folder, looking)
    from appliance.db.postgres_catalogue import PostgresCatalogue  # noqa: PLC0415

    return PostgresCatalogue(folder, database_url, size, looking)
