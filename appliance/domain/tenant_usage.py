"""What a tenant uses, for those who answer for the box: figures, never contents."""

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.db.troubles import Damaged
from appliance.domain import records, tenants
from appliance.domain.analytics import usage
from appliance.domain.economics import use
from appliance.domain.records import Page
from appliance.domain.tenants import Tenant
from appliance.errors import invalid

STATES = ("active", "suspended", "grace", "trash")


class Usage(msgspec.Struct, frozen=True):
    """`requests`, `runs`, `calls` and `spend_nano` are of this month (UTC); `bytes` are of the database and the files.

    `requests` are of pages, the API and the gateway, and counted some seconds late; `simulated_nano` is the part of the
    spend that nobody has to pay. With `maintenance`, which says why the database can't be used and what to do, only
    `people` and `requests` are known.
    """

    people: int
    requests: int = 0
    agents: int = 0
    tasks: int = 0
    runs: int = 0
    calls: int = 0
    spend_nano: int = 0
    simulated_nano: int = 0
    bytes: int = 0
    last_activity: str | None = None
    maintenance: str = ""


class Listed(Tenant, frozen=True, kw_only=True):
    """A tenant in a list of the box, with what it uses."""

    usage: Usage

    @property
    def shown_state(self) -> str:
        """`maintenance` for one that would be active and whose database can't be used."""
        return "maintenance" if self.usage.maintenance and self.state == "active" else self.state


def of(catalogue: Catalogue, control: Database, tenant_id: str) -> Usage:
    sql = "SELECT COUNT(*) AS n FROM memberships WHERE tenant_id = :id"
    people = int(control.value(sql, {"id": tenant_id}))
    requests = use.requests(control, tenant_id, clock.iso()[:7])
    try:
        with catalogue.open(tenant_id) as db:
            return _figures(catalogue, db, people, requests)
    except Damaged as found:
        return Usage(people, requests, maintenance=found.detail)


def listed(catalogue: Catalogue, control: Database, tenant: Tenant) -> Listed:
    return Listed(**msgspec.structs.asdict(tenant), usage=of(catalogue, control, tenant.id))


def page(
    catalogue: Catalogue,
    control: Database,
    state: str = "",
    find: str = "",
    limit: int = records.LIMIT,
    cursor: str = "",
) -> Page[Listed]:
    """By slug; `find` is a part of the slug or the name. Raises Problem(invalid) for a state that there is not."""
    if state and state not in STATES:
        raise invalid(state=f"use one of {', '.join(STATES)}")
    shown = tenants.page(control, state, find, limit=limit, cursor=cursor)
    return Page([listed(catalogue, control, tenant) for tenant in shown.items], shown.next_cursor)


def _figures(catalogue: Catalogue, db: Database, people: int, requests: int) -> Usage:
    spent = usage.month(db)
    return Usage(
        people,
        requests,
        agents=int(db.value("SELECT COUNT(*) AS n FROM agents")),
        tasks=int(db.value("SELECT COUNT(*) AS n FROM tasks")),
        runs=int(db.value("SELECT COUNT(*) AS n FROM runs WHERE id >= :first", {"first": _first_id()})),
        calls=spent.calls,
        spend_nano=spent.cost_nano,
        simulated_nano=spent.simulated_nano,
        bytes=db.size() + catalogue.files_size(db.name),
        last_activity=db.value("SELECT at FROM events ORDER BY seq DESC LIMIT 1"),
    )


def _first_id() -> str:
    """Ids of this month are not below it: they begin with their time."""
    ms = int(clock.parse(clock.iso()[:7] + "-01T00:00:00Z").timestamp() * 1000)
    return f"{ms >> 16:08x}-{ms & 0xFFFF:04x}"
