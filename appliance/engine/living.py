"""This process's signs of life: the scheduler's, as its clock ticks, and the queue's, as its workers take bells."""

import logging
from collections.abc import Callable

from appliance.db.tenants import Catalogue
from appliance.domain import heartbeats
from appliance.errors import Problem

log = logging.getLogger(__name__)


class Living:
    """`takes_bells` says whether every worker of this process lives and hears of work.

    Workers that are all busy with long calls still live: work that waits for them is another matter.
    """

    def __init__(
        self, catalogue: Catalogue, owner: str, parts: frozenset[str], takes_bells: Callable[[], bool]
    ) -> None:
        self._catalogue = catalogue
        self._owner = owner
        self._parts = parts
        self._takes_bells = takes_bells

    def beat(self) -> None:
        with self._catalogue.control() as control:
            if "sweep" in self._parts:
                heartbeats.beat(control, "scheduler", self._owner)
            if "pump" in self._parts and self._takes_bells():
                heartbeats.beat(control, "queue", self._owner)

    def stop(self) -> None:
        """An end in order is no silence."""
        try:
            with self._catalogue.control() as control:
                heartbeats.stop(control, self._owner)
        except Problem as problem:
            log.warning("this process stays in the list of heartbeats: %s", problem.detail)
