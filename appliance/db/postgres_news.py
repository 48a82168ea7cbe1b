"""What one process commits, every other process hears: LISTEN and NOTIFY, which PostgreSQL delivers with the commit."""

import json
import logging
import threading
from collections.abc import Callable

import psycopg
from psycopg import sql

from appliance.db.database import Publish, Row

CHANNEL = "agenthq_events"
WAIT_S = 5.0
AGAIN_S = 0.5
log = logging.getLogger(__name__)


def statement(origin: str, name: str, events: list[Row]) -> str:
    """SQL that tells of the events of database `name` when the open transaction commits.

    The kinds go along, so that who only wants to know whether there is work need not read the log.
    """
    news = {"origin": origin, "name": name, "seq": events[-1]["seq"], "kinds": sorted({e["kind"] for e in events})}
    text = sql.Literal(json.dumps(news)).as_string()
    return f"SELECT pg_notify('{CHANNEL}', {text}); "


class Listener:
    """A thread that hands the news of other processes to `hear` as events of which only seq and kind are known.

    Whenever the connection was lost it calls `hear("", [])`: anything may have happened, look at the log.
    """

    def __init__(self, url: str, origin: str, hear: Publish) -> None:
        self._url = url
        self._origin = origin
        self._hear = hear
        self._stopping = threading.Event()
        self._conn: psycopg.Connection | None = None
        self.listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="news", daemon=True)
        self._thread.start()

    def stop(self, wake: Callable[[str], None]) -> None:
        """`wake` runs one statement, by which the thread hears that it is over."""
        self._stopping.set()
        wake(f"NOTIFY {CHANNEL}")
        self._thread.join(1)

    def _run(self) -> None:
        lost = False
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as conn:
                    conn.execute(f"LISTEN {CHANNEL}")
                    self.listening.set()
                    if lost:
                        log.warning("events of other processes are heard again")
                        self._hear("", [])
                    lost = False
                    self._follow(conn)
            except psycopg.Error as error:
                if not lost:
                    log.warning("events of other processes are not heard: %s", error)
                lost = True
                self.listening.clear()
                self._stopping.wait(AGAIN_S)

    def _follow(self, conn: psycopg.Connection) -> None:
        while not self._stopping.is_set():
            for notice in conn.notifies(timeout=WAIT_S):
                if self._stopping.is_set():
                    return
                self._tell(notice.payload)
            # A connection that died without a word fails here.
            conn.execute("SELECT 1")

    def _tell(self, payload: str) -> None:
        news = json.loads(payload or "{}")
        if news and news["origin"] != self._origin:
            self._hear(news["name"], [{"seq": news["seq"], "kind": kind} for kind in news["kinds"]])
