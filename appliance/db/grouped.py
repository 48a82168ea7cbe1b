"""Group commit: requests that wait for their turn to write at the same time are carried out in one transaction.

The first that waits leads: once it has its turn it takes whatever waits by then. Those that come later wait for the
next turn. When a transaction of several is refused, each is carried out alone, so that nobody's fault is another's.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from appliance.errors import Problem

Act = Callable[[list[Any]], list[Any]]
Transaction = Callable[[], AbstractContextManager[None]]


class _Place:
    """In line; `alone` when its group could not be carried out."""

    def __init__(self, request: Any) -> None:
        self.request = request
        self.over = threading.Event()
        self.result: Any = None
        self.alone = False


class Group:
    """The requests of one kind to one database."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: list[_Place] = []

    def carry_out(self, transaction: Transaction, act: Act, request: Any) -> Any:
        """The result of the request. `act` has one for each of its requests, in their order."""
        place = _Place(request)
        with self._guard:
            self._waiting.append(place)
            leads = self._waiting[0] is place
        if leads:
            self._lead(transaction, act, place)
        else:
            place.over.wait()
        if place.alone:
            with transaction():
                return act([request])[0]
        return place.result

    def _lead(self, transaction: Transaction, act: Act, own: _Place) -> None:
        try:
            self._together(transaction, act)
        except Problem:
            if not own.alone:
                raise

    def _together(self, transaction: Transaction, act: Act) -> None:
        taken: list[_Place] = []
        try:
            with transaction():
                taken = self._take()
                results = act([place.request for place in taken])
        except BaseException:
            taken = taken or self._take()
            for place in taken:
                place.alone = len(taken) > 1
            raise
        else:
            for place, result in zip(taken, results, strict=True):
                place.result = result
        finally:
            for place in taken:
                place.over.set()

    def _take(self) -> list[_Place]:
        with self._guard:
            taken, self._waiting = self._waiting, []
            return taken


class Groups:
    """Those of one database, by the kind of request; all its handles share them."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._by_kind: defaultdict[str, Group] = defaultdict(Group)

    def of(self, kind: str) -> Group:
        with self._guard:
            return self._by_kind[kind]
