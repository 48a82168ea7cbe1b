"""The catalogue of databases: the control database and one for each tenant."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.db import migrate
from appliance.db.database import Database, Publish, Row

CONTROL = "control"
log = logging.getLogger(__name__)


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
        """What was committed stays so: a subscriber that fails harms neither the committer nor other subscribers."""
        for hear in self._subscribers:
            try:
                hear(name, events)
            except Exception:  # the border of committed work
                log.exception("events of %s were not heard", name)

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
            migrate.migrate(db, kind_of(db.name))
            self._current.add(db.name)


def kind_of(name: str) -> str:
    """Which migrations a database gets."""
    return CONTROL if name == CONTROL else "tenant"


def open_catalogue(folder: Path, database_url: str = "", size: int = 20) -> Catalogue:
    """SQLite files in `folder`, or the PostgreSQL database at `database_url`."""
    if not database_url:
        from appliance.db.sqlite_catalogue import SqliteCatalogue  # noqa: PLC0415  one of the two is never needed

        return SqliteCatalogue(folder)
    from appliance.db.postgres_catalogue import PostgresCatalogue  # noqa: PLC0415

    return PostgresCatalogue(folder, database_url, size)
