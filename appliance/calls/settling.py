"""The end of a call: its price and the caller's record commit together, or the price alone when the record can't be."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from appliance.db.database import Database
from appliance.domain import ledger
from appliance.domain.ledger import Attempt
from appliance.errors import Problem

log = logging.getLogger(__name__)


class Owed(NamedTuple):
    call_id: str
    attempts: list[Attempt]
    failure_code: str


class Settling:
    """Remembers by tenant what could not be booked (a full disk), and books it with the tenant's next call."""

    def __init__(self) -> None:
        self._owed: defaultdict[str, list[Owed]] = defaultdict(list)
        self._lock = threading.Lock()

    def settle(self, db: Database, owed: Owed, record: Callable[[int], None]) -> None:
        """Book what the attempts cost, in nano-dollars, and let the caller record what it got, all or nothing.

        When that fails the price is booked without the record, and the failure raised again.
        """
        try:
            with db.transaction():
                record(ledger.settle(db, *owed))
        except BaseException:
            self._alone(db, owed)
            raise

    def catch_up(self, db: Database) -> None:
        with self._lock:
            late = self._owed.pop(db.name, [])
        for owed in late:
            self._alone(db, owed)

    def _alone(self, db: Database, owed: Owed) -> None:
        try:
            ledger.settle_open(db, *owed)
        except Problem as problem:
            log.error("the price of call %s is booked later: %s", owed.call_id, problem.detail)
            with self._lock:
                self._owed[db.name].append(owed)
