"""A month in which tenants used something."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from appliance import clock
from appliance.db.database import Database
from appliance.domain.economics import use
from appliance.metering import Key, Sums

LAST = datetime(2026, 11, 30, 12, tzinfo=UTC)
GB = 10**9
HOUR_NS = 3600 * 10**9


def used(control: Database, tenant_id: str, day: str = "2026-11-05", **counted: int) -> None:
    """Counted by some process: used(control, acme, pages=3, request_ns=5)."""
    sums = Sums()
    for name, value in counted.items():
        setattr(sums, name, value)
    use.add(control, {Key(day, tenant_id): sums})


def read(control: Database, tenant_id: str, day: str = "2026-11-05", **found: int) -> None:
    row: dict[str, Any] = {"day": day, "tenant_id": tenant_id, "read_at": f"{day}T12:00:00.000000Z", "bytes": 0}
    control.insert("tenant_readings", row | {"models_nano": 0, "simulated_nano": 0} | found)


@contextmanager
def november(control: Database) -> Iterator[None]:
    """The last day of it; measured since the first, and all tenants older than that."""
    control.execute("UPDATE tenants SET created_at = '2026-10-01T00:00:00.000000Z'")
    used(control, "", "2026-11-01")
    with clock.frozen(LAST):
        yield
