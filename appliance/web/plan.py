"""A tenant's own view of its plan: limits, what is used of them, and switches."""

from typing import Any

import msgspec
from litestar import Controller, get

from appliance.db.bounds import LIMITS
from appliance.db.database import Database
from appliance.domain import flags, plan_forms, quotas
from appliance.domain.quotas import Usage
from appliance.domain.tenants import Tenant
from appliance.web import settings
from appliance.web.frame import Frame
from appliance.web.respond import Reply


class Bar(msgspec.Struct, frozen=True):
    """One limit for people; `percent` of 0 to 100 and its tone for the bar."""

    label: str
    used: str
    limit: str
    percent: int
    tone: str


class PlanView(msgspec.Struct, frozen=True):
    """`limits` of null are none; `flags` are the switches as they stand."""

    plan: str
    name: str
    limits: dict[str, int | None]
    usage: list[Usage]
    flags: dict[str, bool]


class PlanPages(Controller):
    path = "/settings/plan"

    @get("/", sync_to_thread=True)
    def show(self, frame: Frame, db: Database) -> Reply:
        return settings.room(frame, "plan", plan=db.bounds, **shown(db))


class PlanApi(Controller):
    path = "/plan"
    tags = ["people"]

    @get("/", sync_to_thread=True, summary="The tenant's plan: limits, what is used of them, switches")
    def show(self, db: Database, tenant: Tenant) -> PlanView:
        bounds = db.bounds
        limits = {name: getattr(bounds, name) for name in LIMITS}
        return PlanView(bounds.plan, bounds.plan_name, limits, quotas.usage(db), flags.every(bounds))


def shown(db: Database) -> dict[str, Any]:
    """What the pages of a tenant's plan show: bars, limits of requests, switches with what they do."""
    requests = [name for name in LIMITS if name.endswith("requests_per_min")]
    return {
        "bars": [_bar(one) for one in quotas.usage(db)],
        "requests": [(plan_forms.WORDS[name], plan_forms.shown(name, getattr(db.bounds, name))) for name in requests],
        "switches": [(name, flags.on(db.bounds, name), one.about) for name, one in flags.FLAGS.items()],
    }


def _bar(one: Usage) -> Bar:
    tone = "bad" if one.percent >= 100 else "warn" if one.percent >= 80 else ""
    used, limit = plan_forms.shown(one.name, one.used), plan_forms.shown(one.name, one.limit)
    return Bar(plan_forms.WORDS[one.name], used, limit, min(one.percent, 100), tone)


PAGES = [PlanPages]
API = [PlanApi]
