"""Once an hour for each tenant: how much it keeps, and what its model calls cost today and yesterday."""

import logging
from collections.abc import Callable
from typing import NamedTuple

from appliance import clock
from appliance.db.database import Database, Row
from appliance.db.tenants import Catalogue
from appliance.domain import tenants
from appliance.domain.analytics import spans, usage
from appliance.errors import Problem

AGAIN_S = 3600
# Rows written together.
AT_ONCE = 100
MONEY = ("models_nano", "simulated_nano")
log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """Of one tenant: the mean of its daily readings in bytes, how many days were read, and what models cost."""

    bytes: int = 0
    days: int = 0
    models_nano: int = 0
    simulated_nano: int = 0


def _go_on(seconds: float) -> bool:
    """Without a pause, to the end."""
    return False


def due(control: Database) -> bool:
    newest = last(control)
    return newest is None or clock.seconds_between(newest, clock.iso()) >= AGAIN_S


def last(control: Database) -> str | None:
    """When anything was read last."""
    at = control.value("SELECT MAX(read_at) AS at FROM tenant_readings")
    return None if at is None else str(at)


def read(catalogue: Catalogue, tenant_id: str) -> None:
    """Read one tenant now."""
    _keep(catalogue, _found(catalogue, tenant_id))


def _found(catalogue: Catalogue, tenant_id: str) -> list[Row]:
    """Of today and, without a size, of yesterday: calls end after midnight, and the box may have been off."""
    today = clock.iso()[:10]
    with catalogue.open(tenant_id) as db:
        size = db.size() + catalogue.files_size(tenant_id)
        days = usage.days_of(db, spans.after(today, -1), today)
    of_today = {"read_at": clock.iso(), "bytes": size}
    return [
        {"day": day.day, "tenant_id": tenant_id, "models_nano": day.real_nano, "simulated_nano": day.simulated_nano}
        | (of_today if day.day == today else {})
        for day in days
    ]


def _keep(catalogue: Catalogue, found: list[Row]) -> None:
    with catalogue.control() as control, control.transaction():
        for row in found:
            if "read_at" in row:
                control.upsert("tenant_readings", row, ("day", "tenant_id"))
            else:
                which = {"day": row["day"], "tenant_id": row["tenant_id"]}
                control.update("tenant_readings", which, **{name: row[name] for name in MONEY})


def between(control: Database, first: str, last_day: str) -> dict[str, Kept]:
    """By tenant, over days (YYYY-MM-DD, UTC), both included."""
    sql = """SELECT tenant_id, CAST(SUM(bytes) AS BIGINT) AS bytes, COUNT(*) AS days,
    CAST(SUM(models_nano) AS BIGINT) AS models_nano, CAST(SUM(simulated_nano) AS BIGINT) AS simulated_nano
    FROM tenant_readings WHERE day >= :first AND day <= :last GROUP BY tenant_id"""
    found = control.rows(sql, {"first": first, "last": last_day})
    return {
        row["tenant_id"]: Kept(row["bytes"] // row["days"], row["days"], row["models_nano"], row["simulated_nano"])
        for row in found
    }


def hourly(catalogue: Catalogue, pause: Callable[[float], bool] = _go_on) -> None:
    """Read all tenants when an hour is over. Two processes that do so at a time write the same."""
    with catalogue.control() as control:
        is_due = due(control)
    if is_due:
        read_all(catalogue, pause)


def read_all(catalogue: Catalogue, pause: Callable[[float], bool] = _go_on) -> list[str]:
    """Read every tenant that works now; the ids of those whose database did not answer.

    After each it may `pause` for as long as that one took, and ends when told to stop.
    """
    with catalogue.control() as control:
        ids = [tenant.id for tenant in tenants.every(control) if tenant.state == "active"]
    failed: list[str] = []
    found: list[Row] = []
    for tenant_id in ids:
        begun = clock.monotonic()
        try:
            found += _found(catalogue, tenant_id)
        except Problem as problem:
            log.error("what tenant %s uses is not read: %s", tenant_id, problem.detail)
            failed.append(tenant_id)
        # One commit for many: each waits for the disk, and others who write to the same database for it.
        if len(found) >= AT_ONCE:
            _keep(catalogue, found)
            found = []
        if pause(clock.monotonic() - begun):
            break
    _keep(catalogue, found)
    return failed
