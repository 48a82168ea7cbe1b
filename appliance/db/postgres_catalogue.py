"""The catalogue as schemas of one PostgreSQL database."""

from pathlib import Path

from appliance.db import migrate
from appliance.db.database import Database
from appliance.db.postgres import PostgresDatabase, open_pool
from appliance.db.tenants import CONTROL, Catalogue, kind_of
from appliance.errors import Problem


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
        return PostgresDatabase(name, _schema(name), migrate.tables(kind_of(name)), self.publish, self._pool)


def _schema(name: str) -> str:
    return "agenthq_control" if name == CONTROL else f"t_{name.replace('-', '')}"
