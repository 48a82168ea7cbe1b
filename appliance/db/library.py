"""Which SQLite is in this process. Two copies, or one with the WAL-reset race, corrupt data: start refuses both."""

import ctypes
import re
import sqlite3
import sys
from functools import cache
from pathlib import Path

from appliance.errors import Problem

OLDEST = (3, 51, 3)
_CONFIG_MEMSTATUS = 9


def version() -> str:
    return str(sqlite3.sqlite_version)


def mapped_copies(maps: str = "") -> list[str]:
    """The shared objects mapped into this process that hold an SQLite (Linux; elsewhere an empty list)."""
    path = Path("/proc/self/maps")
    text = maps or (path.read_text() if path.exists() else "")
    found = {line.split(maxsplit=5)[-1] for line in text.splitlines() if re.search(r"sqlite3?[^/]*\.so", line)}
    return sorted(found)


def has_fts5() -> bool:
    options = sqlite3.connect(":memory:").execute("PRAGMA compile_options").fetchall()
    return ("ENABLE_FTS5",) in options


def require() -> None:
    """Raises Problem(config) unless exactly one SQLite of at least 3.51.3 with FTS5 is loaded."""
    if tuple(map(int, version().split("."))) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise Problem("config", f"SQLite {version()} can corrupt files; {wanted} or newer is needed (pip: pysqlite3).")
    copies = mapped_copies()
    if len(copies) > 1:
        raise Problem("config", f"Two SQLite libraries are loaded ({', '.join(copies)}); that corrupts files.")
    if not has_fts5():
        raise Problem("config", "This SQLite lacks FTS5; install pysqlite3 0.6.1 or newer.")


@cache
def count_no_memory() -> bool:
    """Whether SQLite keeps no sum of its memory any more, for which threads wait for each other at every allocation.

    That is changed once, and only while nothing is open.
    """
    if sys.platform != "linux":
        # Elsewhere a function with a variable number of arguments may be called otherwise.
        return False
    sqlite = ctypes.CDLL(sys.modules["pysqlite3._sqlite3"].__file__)
    sqlite.sqlite3_memory_used.restype = ctypes.c_int64
    if sqlite.sqlite3_memory_used():
        return False
    sqlite.sqlite3_shutdown()
    refused = sqlite.sqlite3_config(_CONFIG_MEMSTATUS, 0)
    sqlite.sqlite3_initialize()
    return not refused
