"""Which tenants may be worked for now: the active ones whose databases can be used. Asked by all of the engine."""

import threading

from appliance import clock
from appliance.db.tenants import Catalogue
from appliance.domain import tenants
from appliance.domain.tenants import Tenant

# So long a run may go on in a tenant that was just suspended; then it stops between two steps.
KNOWN_S = 1.0


class Doors:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

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
