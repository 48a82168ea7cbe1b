"""PostgreSQL behind the seam, through psycopg 3: one schema for each tenant."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from appliance import clock, redaction
from appliance.db import postgres_news
from appliance.db.database import CHUNK, Busy, Database, Duplicate, Params, Publish, Row
from appliance.db.grouped import Groups
from appliance.db.troubles import Damaged
from appliance.errors import Problem

Pool = ConnectionPool[psycopg.Connection[Row]]
WRITERS = 4158514
# Not now(): that stands still while a transaction waits for its turn.
CLOCK = "SELECT clock_timestamp() AT TIME ZONE 'UTC' AS at"
# A text literal is skipped whole: a colon inside it is no parameter.
_PARAMETER = re.compile(r"'(?:[^']|'')*'|(?<!:):([a-z_][a-z_0-9]*)", re.IGNORECASE)


def open_pool(url: str, size: int) -> Pool:
    """Raises Problem(unavailable) when no server answers."""
    pool: Pool = ConnectionPool(
        url, min_size=0, max_size=size, open=True, kwargs={"row_factory": dict_row, "autocommit": True}, timeout=10
    )
    try:
        with pool.connection(timeout=5):
            return pool
    except (PoolTimeout, psycopg.Error) as error:
        pool.close()
        raise Problem("unavailable", "The PostgreSQL server of AGENTHQ_DATABASE_URL does not answer.") from error


def translate(sql: str) -> str:
    """`:name` parameters to psycopg's, with every literal `%` doubled."""
    return _PARAMETER.sub(lambda found: f"%({found[1]})s" if found[1] else found[0], sql.replace("%", "%%"))


class PostgresDatabase(Database):
    skip_locked = "FOR UPDATE SKIP LOCKED"
    for_update = "FOR UPDATE"
    by_bytes = 'COLLATE "C"'
    now_sql = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

    def __init__(
        self,
        name: str,
        schema: str,
        tables: frozenset[str],
        publish: Publish,
        pool: Pool,
        groups: Groups,
        origin: str = "",
    ) -> None:
        super().__init__(name, tables, publish, groups)
        self._origin = origin
        self._told: list[Row] = []
        self._pool = pool
        self._schema = schema
        with _translated():
            self._conn = pool.getconn()
            self._conn.execute(f'SET search_path TO "{schema}"')

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        if self._later:
            self._write_later(sql)
        with self._translated():
            return self._conn.execute(translate(sql), _storable(params, self.name)).fetchall()

    def execute(self, sql: str, params: Params | None = None) -> int:
        if self._later:
            self._write_later(sql)
        with self._translated():
            return self._conn.execute(translate(sql), _storable(params, self.name)).rowcount

    def now(self, ahead: float = 0.0) -> str:
        """By the server's clock: what the processes of several machines have in common."""
        return clock.iso(clock.now(self._server_time) + timedelta(seconds=ahead))

    def lease_time(self, ahead: float = 0.0) -> str:
        return self.now(ahead)

    def announce(self, event: Row) -> None:
        super().announce(event)
        self._told.append(event)

    def first_of(self, column: str) -> str:
        return f"({column}::json ->> 0)"

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        assert not self.in_transaction
        begin = f'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path TO "{self._schema}"'
        with _translated():
            self._conn.execute(begin)
            try:
                yield
            finally:
                self._conn.execute("ROLLBACK")

    def stream(self, sql: str, most: int = CHUNK) -> Iterator[list[Row]]:
        with _translated(), self._conn.cursor(name="stream") as cursor:
            cursor.execute(translate(sql))
            while found := cursor.fetchmany(most):
                yield found

    def integrity(self) -> str:
        # The server checks its own pages; reading a row proves that the schema is there.
        self.rows("SELECT version FROM _migrations LIMIT 1")
        return "ok"

    def close(self) -> None:
        if not self._conn.closed and self._conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            # The next borrower may be another tenant.
            self._conn.execute("RESET ALL")
        self._pool.putconn(self._conn)

    def overwrite_deleted(self) -> None:
        """The server keeps no promise about its files but the one of VACUUM."""

    def shred_deleted(self, tables: tuple[str, ...]) -> None:
        for table in tables:
            self.execute(f"VACUUM {table}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with _translated():
                yield
        except Damaged as found:
            self.trouble(self.name, found)
            raise

    def _begin(self) -> None:
        # One writer for each tenant at a time, as in SQLite: every transaction meets the event counter anyway, and
        # taking that turn first means that no two can wait for each other's rows.
        turn = f"SELECT pg_advisory_xact_lock({WRITERS}, hashtext('{self._schema}'))"
        with _translated():
            self._conn.execute(f'BEGIN; SET LOCAL search_path TO "{self._schema}"; {turn}')

    def _end(self, commit: bool) -> None:
        told, self._told = self._told, []
        sound = self._conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        news = postgres_news.statement(self._origin, self.name, told) if commit and told and sound else ""
        with _translated():
            cursor = self._conn.execute(news + ("COMMIT" if commit else "ROLLBACK"))
            while cursor.nextset():
                """The last result is the commit's."""
            done = cursor.statusmessage
        # After an error that somebody swallowed, COMMIT is answered by a rollback.
        if commit and done != "COMMIT":
            raise Problem("conflict", "The change was not stored: a part of it had failed. Try again.")

    def _server_time(self) -> datetime:
        with _translated():
            at: datetime = self._conn.execute(CLOCK).fetchall()[0]["at"]
            return at.replace(tzinfo=UTC)


def _storable(params: Params | None, name: str) -> Params:
    """PostgreSQL has no text with a NUL in it; a model may write one."""
    given = redaction.clean_all(params or {}, name)
    return {name: v.replace("\0", "\ufffd") if isinstance(v, str) and "\0" in v else v for name, v in given.items()}


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        raise Duplicate(f"There is one like this already ({_first_line(error)}).") from error
    except psycopg.IntegrityError as error:
        raise Problem("conflict", f"The database refused the change ({_first_line(error)}).") from error
    except psycopg.errors.DiskFull as error:
        raise Problem("disk_full", "The database server's disk is full: nothing was changed.") from error
    except (psycopg.errors.LockNotAvailable, psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected) as e:
        raise Busy() from e
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable) as error:
        raise Damaged(f"The database is missing ({_first_line(error)}). Restore it from a backup.") from error
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise Problem("unavailable", "The PostgreSQL server does not answer.", retry_after=5) from error


def _first_line(error: Any) -> str:
    return str(error).partition("\n")[0]
