"""Where a worker can die: before and after each commit that writes, each happening outside and each model call."""

import os
import signal
from collections.abc import Callable
from typing import Any

from appliance.db.postgres import PostgresDatabase
from appliance.db.sqlite import SqliteDatabase
from appliance.gateway.client import Gateway
from tests.crash.outside import Outside


class Points:
    """Counts the places passed and sends this process `signum` at the n-th. `names` keeps what they were."""

    def __init__(self, at: int = 0, signum: int = signal.SIGKILL, inside: bool = True) -> None:
        self.at = at
        self.signum = signum
        self.inside = inside
        self.names: list[str] = []

    def here(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.at:
            self.on_the_spot(name)
            os.kill(os.getpid(), self.signum)

    def on_the_spot(self, name: str) -> object:
        """The last that this process does."""

    def install(self, outside: Outside) -> None:
        """A stop `inside` a transaction is left out where it would hold the database for everybody."""
        outside.enter = lambda effect: self.here(f"before {effect}")  # type: ignore[method-assign]
        outside.leave = lambda effect: self.here(f"after {effect}")  # type: ignore[method-assign]
        self._around_commits(SqliteDatabase, lambda db: db._writing.conn.total_changes)
        self._around_commits(PostgresDatabase, lambda db: db._conn.info.transaction_status)
        send = Gateway.send

        def sent(gateway: Gateway, *given: Any, **named: Any) -> Any:
            self.here("before a model call")
            answer = send(gateway, *given, **named)
            self.here("after a model call")
            return answer

        Gateway.send = sent  # type: ignore[method-assign]

    def _around_commits(self, kind: Any, changes: Callable[[Any], Any]) -> None:
        begin, end = kind._begin, kind._end

        def began(db: Any) -> None:
            begin(db)
            db.changes = changes(db)

        def ended(db: Any, commit: bool) -> None:
            wrote = commit and (db.for_update or changes(db) != db.changes)
            if wrote and self.inside:
                self.here("before a commit")
            end(db, commit)
            if wrote:
                self.here("after a commit")

        kind._begin, kind._end = began, ended
