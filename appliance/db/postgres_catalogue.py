"""The catalogue as schemas of one PostgreSQL database."""

import contextlib
import shutil
import threading
from collections import defaultdict
from pathlib import Path

import psycopg
from psycopg_pool import PoolTimeout

from appliance import clock, ids
from appliance.db import copies, migrate, postgres_copies
from appliance.db.database import Database, Publish
from appliance.db.grouped import Groups
from appliance.db.leader import Leader
from appliance.db.postgres import PostgresDatabase, open_pool
from appliance.db.postgres_leader import PostgresLeader
from appliance.db.postgres_news import Listener
from appliance.db.sqlite_catalogue import SqliteCatalogue
from appliance.db.tenants import CONTROL, Catalogue, kind_of
from appliance.errors import Problem

# The schemas of this box, whether or not its control database knows them.
_OURS = """SELECT schema_name FROM information_schema.schemata
  WHERE schema_name = 'agenthq_control' OR schema_name ~ '^t_[0-9a-f]{32}$' ORDER BY schema_name"""


class PostgresCatalogue(Catalogue):
    shared = True
    fault = psycopg.Error

    def __init__(self, folder: Path, url: str, size: int, looking: bool = False) -> None:
        super().__init__(folder, looking)
        self._url = url
        self._origin = ids.new()
        self._guard = threading.Lock()
        self._leaders: dict[str, Leader] = {}
        self._groups: defaultdict[str, Groups] = defaultdict(Groups)
        self._listener: Listener | None = None
        self._pool = open_pool(url, size)
        if not self.exists(CONTROL):
            if looking:
                self._pool.close()
                raise Problem("config", "There is no box in the PostgreSQL database of AGENTHQ_DATABASE_URL yet.")
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

    def copy_into(self, name: str, path: Path) -> None:
        # Opened first, so that both have the newest tables.
        with self.open(name):
            shell = path.with_suffix(".shell")
        shell.mkdir(mode=0o700)
        try:
            empty = SqliteCatalogue(shell)
            made = shell / "control.db"
            if name != CONTROL:
                empty.create(name)
                made = shell / "tenants" / name / "tenant.db"
            empty.close()
            postgres_copies.take(self._url, _schema(name), made)
            copies.take(made, path)
        finally:
            shutil.rmtree(shell)

    def stored(self, name: str) -> int:
        sql = """SELECT COALESCE(SUM(pg_total_relation_size(format('%%I.%%I', schemaname, tablename)::regclass)), 0)
          AS n FROM pg_tables WHERE schemaname = %s"""
        with self._pool.connection() as conn:
            row = conn.execute(sql, (_schema(name),)).fetchone()
            return int(row["n"]) if row else 0

    def touched(self, name: str) -> str:
        return ""

    def put_back(self, tenant_id: str, made: Path, aside: Path) -> None:
        """In one transaction: the schema that was there keeps its rows under another name."""
        schema = _schema(tenant_id)
        path = made / ("control.db" if tenant_id == CONTROL else "tenant.db")
        there = self.exists(tenant_id)
        self._current.discard(tenant_id)
        with contextlib.closing(self._open(tenant_id)) as db, db.transaction():
            if there:
                db.execute(f'ALTER SCHEMA "{schema}" RENAME TO "{_mark()}_{schema}"')
            db.execute(f'CREATE SCHEMA "{schema}"')
            # Makes the table of versions: to find it missing would end the transaction.
            migrate.version(db)
            migrate.migrate(db, kind_of(tenant_id))
            db.fill_from(path)
        self.replaced(tenant_id)
        if tenant_id != CONTROL and (made / "files").exists():
            self._put_files(tenant_id, made / "files", aside)

    def set_all_aside(self) -> str:
        """In one transaction. The rows stay until somebody drops those schemas."""
        mark = _mark()
        with self._pool.connection() as conn, conn.transaction():
            names = [str(row["schema_name"]) for row in conn.execute(_OURS).fetchall()]
            for name in names:
                conn.execute(f'ALTER SCHEMA "{name}" RENAME TO "{mark}_{name}"')
        self._current.clear()
        return mark if names else ""

    def forget_aside(self, tenant_id: str) -> None:
        super().forget_aside(tenant_id)
        schema = _schema(tenant_id)
        sql = "SELECT schema_name FROM information_schema.schemata WHERE schema_name ~ %s"
        with self._pool.connection() as conn:
            for row in conn.execute(sql, (f"^aside_[0-9]+_{schema}$",)).fetchall():
                conn.execute(f'DROP SCHEMA IF EXISTS "{row["schema_name"]}" CASCADE')

    def _put_files(self, tenant_id: str, files: Path, aside: Path) -> None:
        living = self.folder / "tenants" / tenant_id / "files"
        if living.exists():
            aside.mkdir(mode=0o700, parents=True, exist_ok=True)
            living.rename(aside / "files")
        living.parent.mkdir(parents=True, exist_ok=True)
        files.rename(living)

    def _say(self, statement: str) -> None:
        with contextlib.suppress(psycopg.Error, PoolTimeout), self._pool.connection(timeout=1) as conn:
            conn.execute(statement)

    def _let_go(self, name: str) -> None:
        """Connections are not bound to a schema: the next use of one begins anew."""

    def _open(self, name: str) -> PostgresDatabase:
        schema, tables = _schema(name), migrate.tables(kind_of(name))
        with self._guard:
            groups = self._groups[schema]
        return PostgresDatabase(name, schema, tables, self.publish, self._pool, groups, self._origin)


def _mark() -> str:
    """Begins the name of what is set aside: with a tenant's schema after it 61 bytes of the 63 that a name may have."""
    return f"aside_{''.join(letter for letter in clock.iso() if letter.isdigit())}"


def _schema(name: str) -> str:
    return "agenthq_control" if name == CONTROL else f"t_{name.replace('-', '')}"
