"""Backups of the box, over HTTP, for its owners."""

from typing import Any

import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromQuery

from appliance.backup import due, kit, rows, standing
from appliance.backup.due import Plan
from appliance.backup.means import Means
from appliance.backup.standing import BoxStanding
from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.actor import Actor
from appliance.web import respond
from appliance.web.services import Services


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str


class BackupsApi(Controller):
    path = "/backups"
    tags = ["box"]

    @get("/", sync_to_thread=True, summary="How it stands with the backups of every tenant and of the box")
    def standing(self, control: Database, services: Services) -> BoxStanding:
        return standing.of(means(services), control)

    @get("/list", sync_to_thread=True, summary="Backups, newest first")
    def listing(
        self,
        control: Database,
        tenant_id: FromQuery[str] = "",
        limit: FromQuery[int] = records.LIMIT,
        cursor: FromQuery[str] = "",
    ) -> dict[str, Any]:
        page = rows.page(control, tenant_id, respond.limit(limit), cursor)
        return {"items": page.items, "next_cursor": page.next_cursor}

    @post("/run", status_code=202, sync_to_thread=True, summary="Back everything up within seconds")
    def run(self, control: Database, actor: Actor) -> dict[str, Any]:
        due.ask(control, actor, "run")
        return {"asked": "run"}

    @get("/drills", sync_to_thread=True, summary="Restores to scratch that were tried, newest first")
    def drills(self, control: Database, tenant_id: FromQuery[str] = "") -> dict[str, Any]:
        return {"items": rows.drills(control, tenant_id), "next_cursor": None}

    @post("/drill", status_code=202, sync_to_thread=True, summary="Prove within seconds that backups can be put back")
    def drill(self, control: Database, actor: Actor) -> dict[str, Any]:
        due.ask(control, actor, "drill")
        return {"asked": "drill"}

    @put("/plan", sync_to_thread=True, summary="When backups and drills happen by themselves")
    def plan(self, control: Database, actor: Actor, data: Plan) -> Plan:
        return due.set_plan(control, actor, data)

    @post("/kit/confirm", status_code=200, sync_to_thread=True, summary="The recovery kit is printed and put away")
    def confirm(self, control: Database, actor: Actor, services: Services, data: Code) -> kit.Standing:
        return kit.confirm(means(services), control, actor, data.code)


def means(services: Services) -> Means:
    return Means(services.catalogue, services.vault)
