"""The built-in rules of the box itself: its parts, its disk and its certificate."""

from collections.abc import Iterator
from datetime import timedelta

from appliance import clock, diskspace
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import heartbeats
from appliance.domain.alerts import Fault, Severity

RULES = frozenset({"scheduler.silent", "disk.low", "certificate.ending", "tenant.maintenance"})
CERTIFICATE_DAYS = 21
CERTIFICATE_CRITICAL_DAYS = 7


def faults(control: Database, catalogue: Catalogue, certificate_ends: str | None) -> Iterator[Fault]:
    yield from _silent(control)
    yield from _disk(catalogue)
    yield from _certificate(certificate_ends)


def _silent(control: Database) -> Iterator[Fault]:
    for pulse in heartbeats.pulses(control):
        if pulse.silent:
            said = f"The {pulse.part} gave no sign of life for {pulse.age_s:.0f} s."
            yield Fault("scheduler.silent", pulse.part, "critical", said)


def _disk(catalogue: Catalogue) -> Iterator[Fault]:
    space = diskspace.look(catalogue.folder)
    if space.share < diskspace.FLOOR:
        yield Fault("disk.low", "", "critical", f"{space.words}: no new work is begun.")
    elif space.share < 2 * diskspace.FLOOR:
        yield Fault("disk.low", "", "warning", f"{space.words}; below 5 % no new work is begun.")


def _certificate(ends: str | None) -> Iterator[Fault]:
    if ends is None:
        return
    left = (clock.parse(ends) - clock.now()) / timedelta(days=1)
    if left < CERTIFICATE_DAYS:
        severity: Severity = "critical" if left < CERTIFICATE_CRITICAL_DAYS else "warning"
        said = f"It ended at {ends}." if left < 0 else f"It ends at {ends}, in {left:.0f} days."
        yield Fault("certificate.ending", "", severity, said)
