"""Copies of databases from before their migration: `before/NAME.schema-N.db` in the data folder."""

import os
import re
import shutil
import threading
from pathlib import Path

from appliance.db.sqlite_connection import check
from appliance.errors import Problem

FOLDER = "before"
# A migration may write a table anew beside the old one, and there is the copy.
ROOM = 2
_NAME = re.compile(r"(.+)\.schema-(\d+)\.db")


def path(folder: Path, name: str, schema: int) -> Path:
    """Where the copy of one database goes; its folder is made."""
    (folder / FOLDER).mkdir(mode=0o700, exist_ok=True)
    return folder / FOLDER / f"{name}.schema-{schema}.db"


def found(folder: Path) -> dict[str, tuple[int, Path]]:
    """The copies there are: the schema and the file by the database's name. The oldest schema counts."""
    kept: dict[str, tuple[int, Path]] = {}
    for file in (folder / FOLDER).glob("*.db") if (folder / FOLDER).is_dir() else ():
        if match := _NAME.fullmatch(file.name):
            name, schema = match[1], int(match[2])
            kept[name] = min(kept.get(name, (schema, file)), (schema, file))
    return kept


def has_older(folder: Path, name: str, schema: int) -> bool:
    """Is there one from before an upgrade that was cut?"""
    start = str(folder / FOLDER / f"{name}.schema-")
    return any(os.path.exists(f"{start}{n}.db") for n in range(1, schema))


def forget(folder: Path, name: str) -> None:
    """Those of one database, whose upgrade is over."""
    for file in (folder / FOLDER).glob(f"{name}.schema-*.db"):
        file.unlink()


def require_space(database: Path) -> None:
    """Raises Problem(disk_full) unless twice the size of the file is free beside it."""
    size = sum(os.stat(file).st_size for file in _parts(database) if file.exists())
    free = shutil.disk_usage(database.parent).free
    if free < ROOM * size:
        raise Problem(
            "disk_full",
            f"An upgrade of {database.name} needs {ROOM * size / 2**20:,.0f} MiB of free space; there are "
            f"{free / 2**20:,.0f}. Nothing was changed: free some space and start again.",
        )


def put_back(folder: Path, name: str, database: Path) -> None:
    """The copy takes the place of the database, which nobody may have open; what was there stays as NAME.newer.

    Raises Problem when the copy is not sound.
    """
    _, copy = found(folder)[name]
    check(copy)
    for file in _parts(database):
        if file.exists():
            os.replace(file, file.with_name(file.name + ".newer"))
    os.replace(copy, database)


def drop(folder: Path) -> None:
    """Gone at once; the files follow in the background, which for 2,000 of them takes a while."""
    going = folder / f"{FOLDER}.over"
    if (folder / FOLDER).is_dir() and not going.exists():
        os.replace(folder / FOLDER, going)
    if going.exists():
        threading.Thread(target=shutil.rmtree, args=(going, True), name="copies", daemon=True).start()


def _parts(database: Path) -> tuple[Path, ...]:
    return (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm")))
