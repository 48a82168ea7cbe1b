"""What the box as a whole remembers about itself, and how a process of it is named."""

import os

from appliance import clock, ids
from appliance.db.tenants import CONTROL, Catalogue
from appliance.errors import Problem


def new_owner() -> str:
    """Names this process in leases and reservations; a later process never has the same name."""
    return f"{os.getpid()}-{ids.new()[-12:]}"


def kept_port(catalogue: Catalogue) -> int:
    """The port of the last start, 0 before the first."""
    with catalogue.as_found(CONTROL) as control:
        return int(control.value("SELECT value FROM box WHERE name = 'port'") or 0)


def remember_port(catalogue: Catalogue, port: int) -> None:
    with catalogue.as_found(CONTROL) as control:
        if str(port) != control.value("SELECT value FROM box WHERE name = 'port'"):
            control.upsert("box", {"name": "port", "value": str(port)}, ("name",))


def round_trip(catalogue: Catalogue) -> None:
    """A write that is found again. Raises Problem when the data can't be written or read."""
    with catalogue.control() as control:
        now = clock.iso()
        control.upsert("box", {"name": "ready", "value": now}, ("name",))
        if control.value("SELECT value FROM box WHERE name = 'ready'") < now:
            raise Problem("unavailable", "A write to the box's database was not found again.")
