"""Files of many calls, over HTTP: asked for, watched, fetched, stopped."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from litestar import Controller, get, post
from litestar.response import Stream

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.analytics import exports, files
from appliance.domain.analytics.exports import Export
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web.idempotency import Once
from appliance.web.respond import Reply
from appliance.web.services import Services

PIECE = 256 * 1024


class NewExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days as YYYY-MM-DD, both included; `only` narrows the calls by the names that the figures take."""

    format: str = "csv"
    first_day: str = ""
    last_day: str = ""
    only: dict[str, str] = {}


class ExportsApi(Controller):
    path = "/analytics/exports"
    tags = ["costs"]

    @get("/", sync_to_thread=True, summary="Exports, newest first")
    def listing(self, db: Database) -> dict[str, Any]:
        return {"items": exports.every(db)}

    @post("/", opt={"while_leaving": True}, sync_to_thread=True, summary="Make a file of all calls of a span of days")
    def create(self, db: Database, actor: Actor, once: Once, data: NewExport) -> Reply:
        return once.created(lambda: exports.ask(db, actor, data.format, data.first_day, data.last_day, data.only))

    @get("/{export_id:str}", sync_to_thread=True, summary="How far an export is")
    def one(self, db: Database, export_id: str) -> Export:
        return exports.get(db, export_id)

    @post("/{export_id:str}/cancel", status_code=200, sync_to_thread=True, summary="Stop an export")
    def cancel(self, db: Database, actor: Actor, export_id: str) -> Export:
        return exports.cancel(db, actor, export_id)

    @get("/{export_id:str}/file", sync_to_thread=True, summary="The file of a finished export")
    def file(self, services: Services, db: Database, tenant: Tenant, export_id: str) -> Stream:
        return fetched(services, tenant, exports.get(db, export_id))


def fetched(services: Services, tenant: Tenant, found: Export) -> Stream:
    """Raises Problem(conflict) while it is not done."""
    path = exports.path_of(services.catalogue.files(tenant.id), found.id)
    if found.state != "done" or not path.is_file():
        raise Problem("conflict", f"This export is {found.state}: there is no file to fetch.")
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"', "Cache-Control": "no-store"}
    return Stream(_pieces(path), media_type=files.TYPES[found.form], headers=headers)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
