"""Which tenants may be worked for now: the active ones whose databases can be used. Asked by all of the engine."""

import threading
from collections.abc import Iterable, Iterator

from appliance import clock
from appliance.db.database import Row
from appliance.db.tenants import Catalogue
from appliance.domain import tenants
from appliance.domain.tenants import Tenant

# So long a run may go on in a tenant that was just suspended; then it stops between two steps.
KNOWN_S = 1.0
# A tenant is looked at in every round for so long after something happened in it, or time may move something on.
AWAKE_S = 60.0
# Of the others so many have their turn in a round, and all within so many rounds. Up to the first, nobody rests.
SHARE = 50
ROUNDS = 30


class Doors:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._awake: dict[str, float] = {}
        self._all_awake = 0.0
        self._turns: dict[str, int] = {}
        catalogue.subscribe(self._hear)

    def awake(self, whose: str) -> list[Tenant]:
        """Those to look at in this round of `whose`: opening thousands that rest would leave no time for the others."""
        found, now = self.open(), clock.monotonic()
        if len(found) <= SHARE or now < self._all_awake:
            return found
        awake = [each for each in found if self._awake.get(each.id, 0.0) > now]
        rest = [each for each in found if self._awake.get(each.id, 0.0) <= now]
        share = max(SHARE, -(-len(found) // ROUNDS))
        at = self._turns.get(whose, 0) % max(1, len(rest))
        self._turns[whose] = at + share
        return awake + (rest[at : at + share] + rest[: max(0, at + share - len(rest))])[: len(rest)]

    def keep_awake(self, tenant_id: str) -> None:
        self._awake[tenant_id] = clock.monotonic() + AWAKE_S

    def _hear(self, tenant_id: str, events: list[Row]) -> None:
        if tenant_id:
            self.keep_awake(tenant_id)
        else:
            # Some may have been missed.
            self._all_awake = clock.monotonic() + AWAKE_S

    def open(self) -> list[Tenant]:
        """Those to look after, by slug."""
        with self._catalogue.control() as control:
            found = tenants.every(control)
        return [each for each in found if each.state == "active" and not self._catalogue.rests(each.id)]

    def is_open(self, tenant_id: str, *states: str) -> bool:
        """Whether one may be worked for, being active or in one of `states`."""
        with self._catalogue.control() as control:
            state = tenants.state(control, tenant_id)
        return state in ("active", *states) and not self._catalogue.rests(tenant_id)


def until_stopped(found: Iterable[Tenant], stopping: threading.Event) -> Iterator[Tenant]:
    """The way through thousands ends between two of them."""
    for tenant in found:
        if stopping.is_set():
            return
        yield tenant


class Halt:
    """For the runs of one tenant: set when the process stops, or once the tenant is closed."""

    def __init__(self, stopping: threading.Event, doors: Doors, tenant_id: str) -> None:
        self._stopping = stopping
        self._doors = doors
        self._tenant_id = tenant_id
        self._until = 0.0
        self._open = True

    def is_set(self) -> bool:
        if self._until <= clock.monotonic():
            self._until = clock.monotonic() + KNOWN_S
            self._open = self._doors.is_open(self._tenant_id)
        return self._stopping.is_set() or not self._open
