"""Databases that can't be used: put aside one by one, and looked at again from time to time, so that others serve."""

import logging
import threading

from appliance import clock
from appliance.errors import Problem

RETRY_S = 10.0
log = logging.getLogger(__name__)


class Damaged(Problem):
    """A database is missing, damaged, or newer than this program. `detail` ends with what to do about it."""

    def __init__(self, detail: str) -> None:
        super().__init__("maintenance", detail, retry_after=int(RETRY_S))


class Troubles:
    """What this process knows of databases that can't be used."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[float, Damaged]] = {}
        self._guard = threading.Lock()

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def meet(self, name: str) -> bool:
        """Before an opening: whether the database has to prove that it is mended. Raises Damaged in between."""
        if name not in self._found:
            return False
        with self._guard:
            until, problem = self._found.get(name, (0.0, None))
            if problem is None:
                return False
            if clock.monotonic() < until:
                raise Damaged(problem.detail)
            # One proves it, the others are refused meanwhile.
            self._found[name] = (clock.monotonic() + RETRY_S, problem)
            return True

    def rests(self, name: str) -> bool:
        """Whether an opening would be refused right now."""
        return self._found.get(name, (0.0,))[0] > clock.monotonic()

    def put(self, name: str, problem: Damaged) -> None:
        if name not in self._found:
            log.error("the database of %s is put aside: %s", name, problem.detail)
        self._found[name] = (clock.monotonic() + RETRY_S, problem)

    def clear(self, name: str) -> None:
        if self._found.pop(name, None):
            log.warning("the database of %s is in use again", name)
