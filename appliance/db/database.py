"""The seam: what every query in the product is written against, whatever database is behind it.

SQL is the portable subset with `:name` parameters. Rows are dicts. Writes outside a transaction commit by themselves.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

from appliance import clock
from appliance.db.bounds import UNBOUNDED, Bounds
from appliance.db.grouped import Groups
from appliance.db.troubles import Damaged
from appliance.errors import Problem

Row = dict[str, Any]
Params = Mapping[str, Any]
Publish = Callable[[str, list[Row]], None]
Attend = Callable[[str, list[Any]], None]
T = TypeVar("T")
R = TypeVar("R")
CHUNK = 200
_JOINED = nullcontext()


class Duplicate(Problem):
    """A unique constraint refused the row."""

    def __init__(self, detail: str) -> None:
        super().__init__("duplicate", detail)


class Busy(Problem):
    """Another writer kept the database for longer than the busy timeout."""

    def __init__(self) -> None:
        super().__init__("unavailable", "The database is busy. Try again in a moment.", retry_after=1)


class Database(ABC):
    """One tenant's (or the box's control) database, open for one request or one job."""

    skip_locked = ""
    for_update = ""
    # The moment by the database's clock as SQL, in the form of `clock.iso`; a query that uses it binds `now`.
    now_sql = ":now"
    # Text in the order of its bytes, which is the same everywhere.
    by_bytes = "COLLATE BINARY"

    def __init__(self, name: str, tables: frozenset[str], publish: Publish, groups: Groups) -> None:
        self.name = name
        self._groups = groups
        self._tables = tables
        self._publish = publish
        self.in_transaction = False
        self._announced: list[Row] = []
        self._after: list[Callable[[], None]] = []
        self._noted: list[Any] = []
        self.attend: Attend = _nobody
        self.bounds = UNBOUNDED
        # Signs the lines of the box's audit log; only the control database of an unlocked box has one.
        self.log_key = b""
        # Hears that the database can't be used.
        self.trouble: Callable[[str, Damaged], None] = _nobody
        self._before: list[Callable[[], None]] = []
        self._later: dict[str, list[Row]] = {}
        # What the open transaction knows of rows that nobody else can change before its end.
        self.known: dict[str, Any] = {}

    @abstractmethod
    def rows(self, sql: str, params: Params | None = None) -> list[Row]: ...

    @abstractmethod
    def execute(self, sql: str, params: Params | None = None) -> int:
        """Run one statement; the number of rows it changed."""

    @abstractmethod
    def first_of(self, column: str) -> str:
        """SQL for the first item of a JSON list kept as text, NULL for an empty one."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """What is read within is as of one moment, while others go on writing; nothing may be written in it."""

    @abstractmethod
    def stream(self, sql: str, most: int = CHUNK) -> Iterator[list[Row]]:
        """The rows of a query in a snapshot, at most `most` at a time: never all of them in memory."""

    @abstractmethod
    def integrity(self) -> str:
        """ "ok", or what is damaged."""

    @abstractmethod
    def size(self) -> int:
        """Bytes in use."""

    def bound(self, bounds: Bounds) -> None:
        """Keep to what the tenant may have, as known when the database was opened."""
        self.bounds = bounds

    @abstractmethod
    def overwrite_deleted(self) -> None:
        """In a transaction: what it deletes is to leave no trace in the files."""

    @abstractmethod
    def shred_deleted(self, tables: tuple[str, ...]) -> None:
        """Outside a transaction: give up what is kept of rows deleted in `tables`."""

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _end(self, commit: bool) -> None: ...

    def now(self, ahead: float = 0.0) -> str:
        """The ISO text of the time that all processes on this database share, `ahead` seconds from now."""
        return clock.ahead(ahead)

    def lease_time(self, ahead: float = 0.0) -> str:
        """The same for leases, which no jump of a wall clock may shorten or stretch. Compare it only with itself."""
        return clock.iso(clock.steady() + timedelta(seconds=ahead))

    def one(self, sql: str, params: Params | None = None) -> Row | None:
        found = self.rows(sql, params)
        return found[0] if found else None

    def value(self, sql: str, params: Params | None = None) -> Any:
        """The first column of the first row, or None."""
        found = self.one(sql, params)
        return next(iter(found.values())) if found else None

    def insert(self, table: str, row: Row) -> None:
        """Raises Duplicate when a unique constraint refuses the row."""
        self.execute(self._insert_sql(table, row), row)

    def insert_all(self, table: str, rows: list[Row]) -> None:
        """Rows of the same columns, all or nothing."""
        self._known(table)
        if not rows:
            return
        if len(rows) > CHUNK:
            # PostgreSQL takes at most 65,535 values in a statement.
            with self.transaction():
                for start in range(0, len(rows), CHUNK):
                    self.insert_all(table, rows[start : start + CHUNK])
            return
        columns = tuple(rows[0])
        names = [f"{column}_{n}" for n in range(len(rows)) for column in columns]
        marks = (
            ", ".join(f":{name}" for name in names[at : at + len(columns)]) for at in range(0, len(names), len(columns))
        )
        values = ", ".join(f"({mark})" for mark in marks)
        given = dict(zip(names, (row[column] for row in rows for column in columns), strict=True))
        self.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}", given)

    def execute_all(self, sql: str, rows: list[Row]) -> None:
        """The same statement for each of the rows, which have the same columns; all or nothing."""
        with self.transaction():
            for row in rows:
                self.execute(sql, row)

    def update_each(self, table: str, rows: list[Row], where: str) -> list[Row]:
        """Set the columns of each row on the one with its `id`, if `where` holds for that; those, whole and as set.

        In the open transaction, rows of the same columns.
        """
        ids = {f"v{n}": row["id"] for n, row in enumerate(rows)}
        names = ", ".join(f":{name}" for name in ids)
        sql = f"SELECT * FROM {table} WHERE id IN ({names}) AND {where} ORDER BY id {self.for_update}"
        found = {row["id"]: row for row in self.rows(sql, ids)}
        chosen = [row for row in rows if row["id"] in found]
        if chosen:
            sets = ", ".join(f"{column} = :{column}" for column in chosen[0] if column != "id")
            self.execute_all(f"UPDATE {table} SET {sets} WHERE id = :id", chosen)
        return [found[row["id"]] | row for row in chosen]

    def insert_later(self, table: str, row: Row) -> None:
        """Into a log: with the others of the open transaction in one statement, before its end or a look at the table.

        Rows of a table have the same columns.
        """
        assert self.in_transaction
        self._known(table)
        self._later.setdefault(table, []).append(row)

    def upsert(self, table: str, row: Row, key: tuple[str, ...]) -> None:
        """Insert, or replace every other column of the row with this `key`."""
        sets = ", ".join(f"{column} = EXCLUDED.{column}" for column in row if column not in key)
        action = f"UPDATE SET {sets}" if sets else "NOTHING"
        self.execute(f"{self._insert_sql(table, row)} ON CONFLICT ({', '.join(key)}) DO {action}", row)

    def update(self, table: str, where: Params, **values: Any) -> int:
        """Set `values` on the rows equal to `where`; how many there were."""
        self._known(table)
        sets = ", ".join(f"{column} = :{column}" for column in values)
        tests = " AND ".join(f"{column} = :where_{column}" for column in where)
        return self.execute(
            f"UPDATE {table} SET {sets} WHERE {tests}", {**values, **{f"where_{k}": v for k, v in where.items()}}
        )

    def delete(self, table: str, **where: Any) -> int:
        self._known(table)
        tests = " AND ".join(f"{column} = :{column}" for column in where)
        return self.execute(f"DELETE FROM {table} WHERE {tests}", where)

    def next_number(self, counter: str, by: int = 1) -> int:
        """Take `by` numbers of a gap-free counter; the last one taken. Rolls back with its transaction."""
        return int(
            self.rows(
                "INSERT INTO counters (name, value) VALUES (:counter, :by) "
                "ON CONFLICT (name) DO UPDATE SET value = counters.value + :by RETURNING value",
                {"counter": counter, "by": by},
            )[0]["value"]
        )

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; a nested call joins the outer one. Announcements and after-commit calls follow the commit."""
        return _JOINED if self.in_transaction else self._outermost()

    @contextmanager
    def _outermost(self) -> Iterator[None]:
        self._begin()
        self.in_transaction = True
        try:
            yield
            for call in self._before:
                call()
            self._write_later()
        except BaseException:
            self._finish(commit=False)
            raise
        self._finish(commit=True)

    def grouped(self, kind: str, act: Callable[[list[T]], list[R]], request: T) -> R:
        """What `act` gives for the request, in a transaction that it shares with those of its kind that wait with it.

        `act` gets all of them and has a result for each; in an open transaction only this one.
        """
        if self.in_transaction:
            return act([request])[0]
        found: R = self._groups.of(kind).carry_out(self.transaction, act, request)
        return found

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the open transaction that an error undoes alone; the rest of it can go on."""
        assert self.in_transaction
        before = (self._announced, self._before, self._after, self._later, self.known)
        self.execute("SAVEPOINT attempt")
        self._announced, self._before, self._after = [*before[0]], [*before[1]], [*before[2]]
        self._later, self.known = {table: [*rows] for table, rows in before[3].items()}, {**before[4]}
        noted = len(self._noted)
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK TO SAVEPOINT attempt")
            self._announced, self._before, self._after, self._later, self.known = before
            del self._noted[noted:]
            raise
        self.execute("RELEASE SAVEPOINT attempt")

    def announce(self, event: Row) -> None:
        """Publish `event` once the open transaction has committed."""
        self._announced.append(event)

    def before_commit(self, call: Callable[[], None]) -> None:
        """As the last of what the open transaction does."""
        self._before.append(call)

    def after_commit(self, call: Callable[[], None]) -> None:
        self._after.append(call)

    def note(self, what: object) -> None:
        """Hand `what` to those who attend in this process once the open transaction has committed: no event, no row."""
        self._noted.append(what)

    def _finish(self, commit: bool) -> None:
        self.in_transaction = False
        announced, self._announced = self._announced, []
        calls, self._after = self._after, []
        noted, self._noted = self._noted, []
        self._before, self._later, self.known = [], {}, {}
        self._end(commit)
        if not commit:
            return
        if announced:
            self._publish(self.name, announced)
        if noted:
            self.attend(self.name, noted)
        for call in calls:
            call()

    def _write_later(self, sql: str = "") -> None:
        """Insert the rows of all tables, or of those that the statement may name."""
        for table in [table for table in self._later if table in sql or not sql]:
            rows = self._later.pop(table)
            for start in range(0, len(rows), CHUNK):
                self.insert_all(table, rows[start : start + CHUNK])

    def _insert_sql(self, table: str, row: Row) -> str:
        self._known(table)
        return _insert_into(table, tuple(row))

    def _known(self, table: str) -> None:
        # sqlite-utils would create a table for a misspelt name.
        if table not in self._tables:
            raise LookupError(f"no such table: {table}")


def _nobody(name: str, noted: Any) -> None:
    """A database that was not opened by a catalogue."""


@lru_cache(1000)
def _insert_into(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(':' + column for column in columns)})"
