"""The catalogue as schemas of one PostgreSQL database."""

import contextlib
import shutil
import threading
from collections import defaultdict
from pathlib import Path

import psycopg
from psycopg_pool import PoolTimeout

from appliance import ids
from appliance.db import migrate
from appliance.db.database import Database, Publish
from appliance.db.grouped import Groups
from appliance.db.leader import Leader
from appliance.db.postgres import PostgresDatabase, open_pool
from appliance.db.postgres_leader import PostgresLeader
from appliance.db.postgres_news import Listener
from appliance.db.tenants import CONTROL, Catalogue, kind_of
from appliance.errors import Problem


class PostgresCatalogue(Catalogue):
    shared = True
    fault = psycopg.Error

    def __init__(self, folder: Path, url: str, size: int) -> None:
        super().__init__(folder)
        self._url = url
        self._origin = ids.new()
        self._guard = threading.Lock()
        self._leaders: dict[str, Leader] = {}
        self._groups: defaultdict[str, Groups] = defaultdict(Groups)
        self._listener: Listener | None = None
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
                with contextlib.closing(self._open(tenant_id)) as db:
                    migrate.migrate(db, kind_of(tenant_id))
            finally:
                conn.execute("SELECT pg_advisory_unlock(4158513)")

    def discard(self, tenant_id: str) -> None:
        with self._pool.connection() as conn:
            conn.execute(f'DROP SCHEMA IF EXISTS "{_schema(tenant_id)}" CASCADE')
        self._current.discard(tenant_id)
        shutil.rmtree(self.folder / "tenants" / tenant_id, ignore_errors=True)

    def exists(self, tenant_id: str) -> bool:
        with self._pool.connection() as conn:
            sql = "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
            return conn.execute(sql, (_schema(tenant_id),)).fetchone() is not None

    def subscribe(self, hear: Publish, elsewhere: bool = True) -> None:
        super().subscribe(hear, elsewhere)
        with self._guard:
            if elsewhere and self._listener is None:
                self._listener = Listener(self._url, self._origin, self.publish_elsewhere)

    def listening(self) -> bool:
        return self._listener is None or self._listener.listening.is_set()

    def leader(self, name: str) -> Leader:
        with self._guard:
            return self._leaders.setdefault(name, PostgresLeader(self._url, name))

    def keep_copy(self, db: Database, found: int) -> None:
        """PostgreSQL undoes a migration that fails; the copy from before an upgrade is its own backup's."""

    def drop_copies(self) -> None:
        """There are none."""

    def close(self) -> None:
        if self._listener:
            self._listener.stop(self._say)
        for leader in self._leaders.values():
            leader.resign()
        self._pool.close()

    def _say(self, statement: str) -> None:
        with contextlib.suppress(psycopg.Error, PoolTimeout), self._pool.connection(timeout=1) as conn:
            conn.execute(statement)

    def _let_go(self, name: str) -> None:
        """Connections are not bound to a schema: the next use of one begins anew."""

    def _open(self, name: str) -> Database:
        schema, tables = _schema(name), migrate.tables(kind_of(name))
        with self._guard:
            groups = self._groups[schema]
        return PostgresDatabase(name, schema, tables, self.publish, self._pool, groups, self._origin)


def _schema(name: str) -> str:
    return "agenthq_control" if name == CONTROL else f"t_{name.replace('-', '')}"
