"""What tenants used, by day: added up by every process that serves, as often as it likes."""

from collections.abc import Mapping

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.metering import Key, Sums

_COLUMNS = ("pages", "api", "gateway", "request_us", "work_us", "bytes_in", "bytes_out")
_ADD = f"""INSERT INTO tenant_use (day, tenant_id, {", ".join(_COLUMNS)})
VALUES (:day, :tenant_id, {", ".join(f":{name}" for name in _COLUMNS)})
ON CONFLICT (day, tenant_id) DO UPDATE SET
{", ".join(f"{name} = tenant_use.{name} + EXCLUDED.{name}" for name in _COLUMNS)}"""


class Used(msgspec.Struct, frozen=True):
    """Of one tenant over some days; processor time in microseconds: of requests, and of runs and other work."""

    tenant_id: str = ""
    pages: int = 0
    api: int = 0
    gateway: int = 0
    request_us: int = 0
    work_us: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    @property
    def cpu_us(self) -> int:
        return self.request_us + self.work_us

    @property
    def requests(self) -> int:
        return self.pages + self.api + self.gateway


def add(control: Database, taken: Mapping[Key, Sums]) -> None:
    """Add what a process counted. In the order of keys, so that two processes never wait for each other in a ring."""
    with control.transaction():
        for key in sorted(taken):
            control.execute(_ADD, key._asdict() | _row(taken[key]))


def between(control: Database, first: str, last: str) -> dict[str, Used]:
    """By tenant, over days (YYYY-MM-DD, UTC), both included; "" is what the box did for nobody in particular."""
    sums = ", ".join(f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in _COLUMNS)
    sql = f"SELECT tenant_id, {sums} FROM tenant_use WHERE day >= :first AND day <= :last GROUP BY tenant_id"
    return {row["tenant_id"]: records.to(Used, row) for row in control.rows(sql, {"first": first, "last": last})}


def requests(control: Database, tenant_id: str, month: str) -> int:
    """Of one tenant in a month (YYYY-MM, UTC). By days, as the table is ordered: it has a row of each tenant a day."""
    marks, days = records.named([f"{month}-{day:02}" for day in range(1, 32)])
    sql = f"SELECT SUM(pages + api + gateway) AS n FROM tenant_use WHERE day IN ({marks}) AND tenant_id = :tenant"
    return int(control.value(sql, days | {"tenant": tenant_id}) or 0)


def since(control: Database) -> str | None:
    """The first day that anything was measured on."""
    day = control.value("SELECT MIN(day) AS day FROM tenant_use")
    return None if day is None else str(day)


def _row(sums: Sums) -> dict[str, int]:
    row = {name: getattr(sums, name) for name in ("pages", "api", "gateway", "bytes_in", "bytes_out")}
    return row | {"request_us": sums.request_ns // 1000, "work_us": sums.work_ns // 1000}
