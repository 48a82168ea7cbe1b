"""The lead as a session lock of PostgreSQL: it goes with its connection, so with the process, however that ends."""

import logging
import threading
from contextlib import suppress

import psycopg

from appliance.db.leader import Leader

LEADERS = 4158515
# Where a machine vanished without a word, the server frees its lock after about ten seconds.
KEEPALIVE = "SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"
log = logging.getLogger(__name__)


class PostgresLeader(Leader):
    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._conn: psycopg.Connection | None = None
        self._held = False
        self._turn = threading.Lock()

    def leads(self) -> bool:
        with self._turn:
            try:
                self._held = self._still() or self._take()
            except psycopg.Error:
                self._drop()
            return self._held

    def resign(self) -> None:
        with self._turn:
            if self._held and self._conn:
                # The server notices that a connection was closed a moment later; the next to lead may ask before.
                with suppress(psycopg.Error):
                    self._conn.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", (LEADERS, self._name))
            self._drop()

    def _drop(self) -> None:
        self._held = False
        if self._conn:
            self._conn.close()
        self._conn = None

    def _still(self) -> bool:
        if self._held and self._conn:
            self._conn.execute("SELECT 1")
        return self._held

    def _take(self) -> bool:
        if self._conn is None:
            self._conn = psycopg.connect(self._url, autocommit=True, connect_timeout=2)
            self._conn.execute(KEEPALIVE)
        asked = self._conn.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (LEADERS, self._name)).fetchone()
        taken = bool(asked and asked[0])
        if taken:
            log.info("this process leads %s now", self._name)
        return taken
