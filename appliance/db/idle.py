"""Handles that nobody uses just now, open for whoever asks for their database next."""

import threading
from collections import OrderedDict

from appliance.db.sqlite import SqliteDatabase

# So many keep all the pages they have read; of the others those of large files know only their schema and statements,
# which is what opening costs.
WARM = 64


class Idle:
    def __init__(self, most: int) -> None:
        self._most = most
        self._guard = threading.Lock()
        # By when they came back, the longest ago first.
        self._warm: OrderedDict[int, SqliteDatabase] = OrderedDict()
        self._cool: OrderedDict[int, SqliteDatabase] = OrderedDict()
        self._by_name: dict[str, list[SqliteDatabase]] = {}

    def take(self, name: str) -> SqliteDatabase | None:
        """The one of that database which came back last."""
        with self._guard:
            found = self._by_name.get(name)
            if not found:
                return None
            db = found[-1]
            self._forget(db)
            return db

    def put(self, db: SqliteDatabase) -> SqliteDatabase | None:
        """The handle that had to make room and is to be closed."""
        with self._guard:
            self._warm[id(db)] = db
            self._by_name.setdefault(db.name, []).append(db)
            if len(self._warm) > WARM:
                # Within the guard, so that whoever drops a database finds all of its handles.
                cooling = next(iter(self._warm.values()))
                cooling.cool()
                self._warm.pop(id(cooling))
                self._cool[id(cooling)] = cooling
            if len(self._warm) + len(self._cool) <= self._most:
                return None
            oldest = next(iter((self._cool or self._warm).values()))
            self._forget(oldest)
            return oldest

    def drop(self, name: str = "") -> list[SqliteDatabase]:
        """All of one database, or all."""
        with self._guard:
            found = list(self._by_name.get(name, ())) if name else [*self._cool.values(), *self._warm.values()]
            for db in found:
                self._forget(db)
            return found

    def _forget(self, db: SqliteDatabase) -> None:
        (self._warm if id(db) in self._warm else self._cool).pop(id(db))
        left = self._by_name[db.name]
        left.remove(db)
        if not left:
            del self._by_name[db.name]
