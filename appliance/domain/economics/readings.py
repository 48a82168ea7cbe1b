"""Once an hour for each tenant: how much it keeps, and what its model calls cost today and yesterday."""

import logging
from collections.abc import Callable
from itertools import takewhile
from typing import NamedTuple

from appliance import clock
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import tenants
from appliance.domain.analytics import spans, usage
from appliance.errors import Problem

AGAIN_S = 3600
log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """Of one tenant: the mean of its daily readings in bytes, how many days were read, and what models cost."""

    bytes: int = 0
    days: int = 0
    models_nano: int = 0
    simulated_nano: int = 0


def due(control: Database) -> bool:
    newest = last(control)
    return newest is None or clock.seconds_between(newest, clock.iso()) >= AGAIN_S


def last(control: Database) -> str | None:
    """When anything was read last."""
    at = control.value("SELECT MAX(read_at) AS at FROM tenant_readings")
    return None if at is None else str(at)


def read(catalogue: Catalogue, tenant_id: str) -> None:
    """Read one tenant now. Yesterday too: calls end after midnight, and the box may have been off."""
    today = clock.iso()[:10]
    with catalogue.open(tenant_id) as db:
        size = db.size() + catalogue.files_size(tenant_id)
        days = usage.days_of(db, spans.after(today, -1), today)
    with catalogue.control() as control, control.transaction():
        for day in days:
            money = {"models_nano": day.real_nano, "simulated_nano": day.simulated_nano}
            if day.day == today:
                row = {"day": today, "tenant_id": tenant_id, "read_at": clock.iso(), "bytes": size}
                control.upsert("tenant_readings", row | money, ("day", "tenant_id"))
            else:
                control.update("tenant_readings", {"day": day.day, "tenant_id": tenant_id}, **money)


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


def hourly(catalogue: Catalogue, stopping: Callable[[], bool] = lambda: False) -> None:
    """Read all tenants when an hour is over. Two processes that do so at a time write the same."""
    with catalogue.control() as control:
        is_due = due(control)
    if is_due:
        read_all(catalogue, stopping)


def read_all(catalogue: Catalogue, stopping: Callable[[], bool] = lambda: False) -> list[str]:
    """Read every tenant that works now, until `stopping`; the ids of those whose database did not answer."""
    with catalogue.control() as control:
        found = [tenant.id for tenant in tenants.every(control) if tenant.state == "active"]
    return [
        tenant_id for tenant_id in takewhile(lambda _: not stopping(), found) if not _could_read(catalogue, tenant_id)
    ]


def _could_read(catalogue: Catalogue, tenant_id: str) -> bool:
    try:
        read(catalogue, tenant_id)
    except Problem as problem:
        log.error("what tenant %s uses is not read: %s", tenant_id, problem.detail)
        return False
    return True
