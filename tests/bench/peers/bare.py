"""The floor below every engine: claim a job, mark it done, each in a transaction of its own, on one SQLite file."""

import tempfile
import time
from pathlib import Path
from typing import Any

from appliance.db import sqlite_connection

CLAIM = """UPDATE jobs SET state = 'running' WHERE id IN (
  SELECT id FROM jobs WHERE state = 'ready' ORDER BY id LIMIT :batch) RETURNING id"""


def rate(count: int, batch: int) -> tuple[float, float]:
    """Jobs a second while draining, and with handing them out, `batch` in each transaction."""
    with tempfile.TemporaryDirectory(prefix="agenthq-bare-") as folder:
        conn = sqlite_connection.connect(Path(folder) / "bare.db")
        conn.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL)")
        conn.execute("CREATE INDEX jobs_ready ON jobs (id) WHERE state = 'ready'")
        assert conn.execute("PRAGMA synchronous").fetchone()[0] == 2, "every commit is flushed"
        begin = time.perf_counter()
        for start in range(0, count, batch):
            _write(conn, "INSERT INTO jobs VALUES (?, 'ready')", [(n,) for n in range(start, start + batch)])
        middle = time.perf_counter()
        while claimed := conn.execute(CLAIM, {"batch": batch}).fetchall():
            _write(conn, "UPDATE jobs SET state = 'done' WHERE id = ?", claimed)
        end = time.perf_counter()
        conn.close()
    return count / (end - middle), count / (end - begin)


def _write(conn: Any, sql: str, rows: list[tuple[int]]) -> None:
    conn.execute("BEGIN IMMEDIATE")
    conn.executemany(sql, rows)
    conn.execute("COMMIT")
