"""Files of many calls, made beside the server's other work: asked for, made, fetched, or stopped."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import events, records
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.analytics import every_call, files, spans, usage
from appliance.errors import Problem, not_found

FOLDER = "exports"
KEPT_DAYS = 7
# A process that made a file and has not been seen for so long is gone.
GONE_S = 60
TELL_EVERY = 10
MOST_WAITING = 5


class Export(msgspec.Struct, frozen=True):
    """`state` is queued, running, done, failed or cancelled; `done` of `total` calls are in the file of `bytes`."""

    id: str
    form: str
    first_day: str
    last_day: str
    only: dict[str, str]
    state: str
    done: int
    total: int
    bytes: int
    detail: str
    created_by: str
    created_at: str
    finished_at: str | None

    @property
    def name(self) -> str:
        return f"calls-{self.first_day}-{self.last_day}.{self.form}"

    @property
    def over(self) -> bool:
        return self.state not in ("queued", "running")


def ask(
    db: Database,
    actor: Actor,
    form: str,
    first_day: str = "",
    last_day: str = "",
    only: Mapping[str, str] | None = None,
) -> Export:
    """Queue a file of all calls of these days. Raises Problem(invalid), and Problem(conflict) for a sixth at a time."""
    first, last = spans.span(first_day, last_day)
    files.known(form)
    total = usage.total(db, first, last, only).calls
    now, export_id = clock.iso(), ids.new()
    filters = records.dump({"first_day": first, "last_day": last, "only": dict(only or {})})
    row: Row = {"id": export_id, "form": form, "filters": filters, "state": "queued", "done": 0, "total": total}
    row |= {"bytes": 0, "detail": "", "created_by": actor.label, "created_at": now, "seen_at": now}
    with db.transaction():
        waiting = db.value("SELECT COUNT(*) AS n FROM usage_exports WHERE state IN ('queued', 'running')")
        if waiting >= MOST_WAITING:
            raise Problem("conflict", f"{waiting} exports are under way. Wait for one of them, or stop one.")
        db.insert("usage_exports", row)
        events.record(db, actor, "export.asked", export_id=export_id, form=form, calls=total)
    return get(db, export_id)


def get(db: Database, export_id: str) -> Export:
    """Raises Problem(not_found)."""
    row = db.one("SELECT * FROM usage_exports WHERE id = :id", {"id": export_id})
    if row is None:
        raise not_found("export")
    return _export(row)


def every(db: Database) -> list[Export]:
    """Newest first."""
    return [_export(row) for row in db.rows("SELECT * FROM usage_exports ORDER BY id DESC")]


def cancel(db: Database, actor: Actor, export_id: str) -> Export:
    """Stop making it, or throw the made file away with the next tidying. Stopping twice is no error."""
    with db.transaction():
        found = get(db, export_id)
        if found.state != "cancelled":
            db.update("usage_exports", {"id": export_id}, state="cancelled", finished_at=clock.iso())
            events.record(db, actor, "export.cancelled", export_id=export_id)
    return get(db, export_id)


def due(db: Database) -> bool:
    """Whether a file waits to be made, or the process that made it is gone."""
    sql = f"SELECT 1 AS found FROM usage_exports WHERE {_DUE} LIMIT 1"
    return bool(db.value(sql, {"gone": clock.ahead(-GONE_S)}))


def make(db: Database, folder: Path, stopping: Callable[[], bool]) -> bool:
    """Make the next file in `folder`, which is the tenant's own; false when none waits.

    Stopped half-way by the server it waits again and is made anew.
    """
    found = _take(db)
    if found is None:
        return False
    path = path_of(folder, found.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        state = _write(db, found, path, stopping)
    except OSError as error:
        state = "failed"
        db.update("usage_exports", {"id": found.id}, detail=f"The file could not be written: {error.strerror}.")
    if state != "done" and path.is_file():
        path.unlink()
    with db.transaction():
        ended = None if state == "queued" else clock.iso()
        if db.update("usage_exports", {"id": found.id, "state": "running"}, state=state, finished_at=ended) and ended:
            events.record(db, SYSTEM, f"export.{state}", export_id=found.id)
    return state != "queued"


def path_of(folder: Path, export_id: str) -> Path:
    return folder / FOLDER / export_id


def prune(db: Database, folder: Path) -> int:
    """Throw away files after a week, and those that were stopped; how many."""
    old = {"old": clock.ahead(-KEPT_DAYS * 86_400)}
    gone = db.rows("SELECT id FROM usage_exports WHERE finished_at < :old", old)
    for row in gone:
        path_of(folder, row["id"]).unlink(missing_ok=True)
        db.delete("usage_exports", id=row["id"])
    # A process may have been writing while it was stopped.
    for row in db.rows("SELECT id FROM usage_exports WHERE state = 'cancelled'"):
        path_of(folder, row["id"]).unlink(missing_ok=True)
    return len(gone)


_DUE = "(state = 'queued' OR (state = 'running' AND seen_at < :gone))"


def _take(db: Database) -> Export | None:
    sql = f"""UPDATE usage_exports SET state = 'running', done = 0, bytes = 0, seen_at = :now WHERE id = (
    SELECT id FROM usage_exports WHERE {_DUE} ORDER BY id LIMIT 1) AND {_DUE} RETURNING *"""
    row = db.one(sql, {"gone": clock.ahead(-GONE_S), "now": clock.iso()})
    return _export(row) if row else None


def _write(db: Database, found: Export, path: Path, stopping: Callable[[], bool]) -> str:
    """The state it ends in. What is done is told now and then, and whether it is still wanted is looked at then."""
    count = 0

    def counted() -> Iterator[tuple[Any, ...]]:
        nonlocal count
        for row in every_call.rows(db, found.first_day, found.last_day, found.only):
            count += 1
            yield row

    size = 0
    with path.open("wb") as file:
        for n, piece in enumerate(files.encode(found.form, every_call.COLUMNS, counted())):
            size += file.write(piece)
            if n % TELL_EVERY:
                continue
            if stopping():
                return "queued"
            if not _tell(db, found, count, size):
                return "cancelled"
    _tell(db, found, count, size)
    return "done"


def _tell(db: Database, found: Export, count: int, size: int) -> bool:
    where = {"id": found.id, "state": "running"}
    return bool(db.update("usage_exports", where, done=count, bytes=size, seen_at=clock.iso()))


def _export(row: Row) -> Export:
    return records.to(Export, row | msgspec.json.decode(row["filters"]))
