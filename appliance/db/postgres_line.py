"""A waiting line in PostgreSQL: what is in it already is not put in again, and whoever waits is told."""

import contextlib
from collections.abc import Iterator

import psycopg

from appliance.errors import Problem

TABLE = "agenthq_bells"
# Unlogged and committed without waiting for the disk: a crash of the server may forget what is in line.
OPTIONS = "-c synchronous_commit=off"
MAKE = f"""
SELECT pg_advisory_lock(4158516);
CREATE UNLOGGED TABLE IF NOT EXISTS {TABLE}
  (bell BYTEA PRIMARY KEY, rung TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp());
SELECT pg_advisory_unlock(4158516);
"""
PUT = f"""
WITH put AS (INSERT INTO {TABLE} (bell) SELECT unnest(%s::bytea[]) ON CONFLICT DO NOTHING RETURNING 1)
SELECT pg_notify('{TABLE}', '') FROM put LIMIT 1
"""
TAKE = f"""
DELETE FROM {TABLE} WHERE bell = (SELECT bell FROM {TABLE} ORDER BY rung LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING bell
"""


class PostgresLine:
    """Two connections, one to put and one to take, made when needed; each method raises Problem(unavailable).

    One thread at a time may take.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._links: dict[str, psycopg.Connection] = {}

    def put(self, bells: list[bytes]) -> None:
        with self._link("put") as conn:
            conn.execute(PUT, (bells,))

    def take(self, wait_s: float) -> bytes | None:
        """The longest in line; None when there is none within `wait_s` seconds."""
        with self._link("take") as conn:
            for _ in conn.notifies(timeout=0):
                """What was told before this look is seen by it."""
            if found := _first(conn):
                return found
            for _ in conn.notifies(timeout=wait_s, stop_after=1):
                """Somebody put one in line; another process may be faster."""
            return _first(conn)

    def size(self) -> int:
        with self._link("put") as conn:
            found = conn.execute(f"SELECT COUNT(*) FROM {TABLE}").fetchone()
            return int(found[0]) if found else 0

    def clear(self) -> None:
        with self._link("put") as conn:
            conn.execute(f"DELETE FROM {TABLE}")

    def close(self) -> None:
        for name in list(self._links):
            self._links.pop(name).close()

    @contextlib.contextmanager
    def _link(self, name: str) -> Iterator[psycopg.Connection]:
        try:
            if name not in self._links:
                self._links[name] = self._connect(listens=name == "take")
            yield self._links[name]
        except psycopg.Error as error:
            if broken := self._links.pop(name, None):
                broken.close()
            raise Problem("unavailable", f"The queue's PostgreSQL server does not answer ({error}).") from error

    def _connect(self, listens: bool) -> psycopg.Connection:
        conn = psycopg.connect(self._url, autocommit=True, connect_timeout=3, options=OPTIONS)
        conn.execute(MAKE)
        if listens:
            conn.execute(f"LISTEN {TABLE}")
        return conn


def _first(conn: psycopg.Connection) -> bytes | None:
    found = conn.execute(TAKE).fetchone()
    return bytes(found[0]) if found else None
