"""Which tenants may be worked for now, and which of thousands are worth a look. Asked by all who go round."""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from appliance import clock
from appliance.db.database import Database, Row
from appliance.db.tenants import Catalogue
from appliance.domain import tenants
from appliance.domain.tenants import Tenant
from appliance.errors import Problem

# So long a run may go on in a tenant that was just suspended; then it stops between two steps.
KNOWN_S = 1.0
# Up to so many tenants, nobody rests.
FEW = 50
# After something happened in a tenant, each round looks at it once, and once more so much later.
AGAIN_S = 150.0
# Events may have been missed for so long.
MISSED_S = 60.0
# Of those in which nothing happens some have their turn in each round, and all within so long.
AROUND_S = 600.0
# How many there are, and which were written by somebody else, is looked up so often.
COUNTED_S = 10.0
SWEEP = "sweep"
KINDS = (SWEEP, "tick", "post", "tally", "alerts")
# A kind that the sweep has taken along so lately need not go round by itself.
ALONG_S = 60.0


Look = Callable[[Database, Tenant], object]


class Along(NamedTuple):
    look: Look
    leads: Callable[[], bool]


class _Sweep(NamedTuple):
    """The sweep under way: when it began, who goes along, and which tenants it looks at, by turn or otherwise."""

    at: float = 0.0
    along: dict[str, Along] = {}
    turned: set[str] = set()
    tenants: dict[str, Tenant] = {}


class Doors:
    """One for all rounds of a process: opening thousands of databases each second would leave no time for the work."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._stirring: set[str] = set()
        self._rounds = {whose: _Round(clock.monotonic()) for whose in KINDS}
        self._all_awake = 0.0
        self._ids: list[str] = []
        self._counted_at = -COUNTED_S
        self._written: dict[str, float] = {}
        self._along: dict[str, Along] = {}
        self._sweep = _Sweep()
        catalogue.subscribe(self._hear)

    def awake(self, whose: str, also: Iterable[str] = ()) -> list[Tenant]:
        """Those to look at in this round of `whose`; of those that rest the ones with the slugs `also` too."""
        now, going = clock.monotonic(), self._rounds[whose]
        everyone = self._everyone(now)
        if len(everyone) <= FEW or now < self._all_awake:
            going.turned_at = now
            if whose == SWEEP:
                self._sweep = _Sweep()
            return self.open()
        chosen = self._stirring | going.due(now)
        turned = going.turn([each for each in everyone if each not in chosen], now)
        with self._catalogue.control() as control:
            found = self._usable(tenants.these(control, chosen | turned, set(also)))
        if whose == SWEEP:
            self._begin(now, turned, found)
        return found

    def along(self, whose: str, look: Look, leads: Callable[[], bool]) -> None:
        """Have `look` called where the sweep has a tenant open that rests, for as long as this process `leads` in it.

        So a tenant in which something happened is opened once, not once for each kind of round.
        """
        self._along[whose] = Along(look, leads)

    def _begin(self, now: float, turned: set[str], found: list[Tenant]) -> None:
        going = {whose: each for whose, each in self._along.items() if each.leads()}
        for whose in going:
            self._rounds[whose].along_at = now
        self._sweep = _Sweep(now, going, turned, {tenant.id: tenant for tenant in found})

    def others(self, tenant_id: str) -> Iterator[Callable[[Database], object]]:
        """What other rounds would look for in a tenant that rests, for the sweep, which has it open."""
        sweep = self._sweep
        if tenant_id in self._stirring or tenant_id not in sweep.tenants:
            return
        for whose, along in sweep.along.items():
            if self._rounds[whose].take(tenant_id, sweep.at) or tenant_id in sweep.turned:
                yield partial(self._look, whose, along, sweep.tenants[tenant_id])

    def _look(self, whose: str, along: Along, tenant: Tenant, db: Database) -> None:
        try:
            along.look(db, tenant)
        except Problem:
            # Its own round comes too, and says what is wrong.
            self._rounds[whose].heard[tenant.id] = 0.0

    def mark(self, tenant_id: str, stirs: bool) -> None:
        """Time may move something in the tenant: until it may not, every round looks at it."""
        if stirs:
            self._stirring.add(tenant_id)
        else:
            self._stirring.discard(tenant_id)

    def _hear(self, tenant_id: str, events: list[Row]) -> None:
        if tenant_id:
            for going in self._rounds.values():
                going.heard[tenant_id] = 0.0
        else:
            # Some may have been missed.
            self._all_awake = clock.monotonic() + MISSED_S

    def _everyone(self, now: float) -> list[str]:
        """Ids of those that are not purged; reading thousands in each round would take more than the round."""
        if now - self._counted_at >= COUNTED_S:
            with self._catalogue.control() as control:
                self._ids, self._counted_at = tenants.every_id(control), now
            if len(self._ids) > FEW:
                self._hear_of_the_shell()
        return self._ids

    def _hear_of_the_shell(self) -> None:
        """A verb beside the server writes into the same files, and its events are not heard here."""
        seen, self._written = self._written, {each: self._catalogue.written_at(each) for each in self._ids}
        for tenant_id, at in self._written.items():
            if at != seen.get(tenant_id, at):
                self._hear(tenant_id, [])

    def open(self) -> list[Tenant]:
        """Those to look after, by slug."""
        with self._catalogue.control() as control:
            return self._usable(tenants.every(control))

    def _usable(self, found: list[Tenant]) -> list[Tenant]:
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


class _Round:
    """What one kind of round has to look at because something happened there, and how far it has come with the rest."""

    def __init__(self, now: float) -> None:
        self.heard: dict[str, float] = {}
        self.turned_at = now
        # When the sweep last took it along.
        self.along_at = now - ALONG_S
        self._at = 0

    def due(self, now: float) -> set[str]:
        return {tenant_id for tenant_id in list(self.heard) if self.take(tenant_id, now)}

    def take(self, tenant_id: str, now: float) -> bool:
        """Whether the tenant is due. Taken before the look: what happens during it is heard anew."""
        at = self.heard.get(tenant_id)
        if at is None or at > now:
            return False
        if self.heard.pop(tenant_id, now) == 0.0:
            self.heard.setdefault(tenant_id, now + AGAIN_S)
        return True

    def turn(self, rest: list[str], now: float) -> set[str]:
        """Those of the others whose turn it is; none where the sweep looks in passing."""
        if not rest or now - self.along_at < ALONG_S:
            self.turned_at = now
            return set()
        share = min(len(rest), -int(-len(rest) * (now - self.turned_at) // AROUND_S))
        at, self.turned_at = self._at % len(rest), now
        self._at = at + share
        return set((rest + rest)[at : at + share])


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
