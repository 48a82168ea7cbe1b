"""A worker that dies at its n-th commit, before it or right after, as by kill -9: nothing of it is done any more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from appliance.db.postgres import PostgresDatabase
from appliance.db.sqlite import SqliteDatabase
from tests.engine.floor import Dead

KINDS: tuple[Any, ...] = (SqliteDatabase, PostgresDatabase)


class Mortal:
    """`passed` counts the places where it could have died: each commit that writes, before and after."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.passed = 0
        self.dead = False

    def end(self, db: Any, commit: bool, really: Callable[[Any, bool], None]) -> None:
        if self.dead:
            really(db, False)
            raise Dead
        if not commit:
            return really(db, False)
        if self._dies():
            really(db, False)
            raise Dead
        really(db, True)
        if self._dies():
            raise Dead

    def _dies(self) -> bool:
        self.passed += 1
        self.dead = self.passed == self.at
        return self.dead


@contextmanager
def mortal(at: int = 0) -> Iterator[Mortal]:
    """Everything in it is done by one worker; dying is not raised out of it."""
    worker = Mortal(at)
    kept = [kind._end for kind in KINDS]

    def dying(really: Callable[[Any, bool], None]) -> Callable[[Any, bool], None]:
        return lambda db, commit: worker.end(db, commit, really)

    for kind, really in zip(KINDS, kept, strict=True):
        kind._end = dying(really)
    try:
        yield worker
    except Dead:
        pass
    finally:
        for kind, really in zip(KINDS, kept, strict=True):
            kind._end = really
