"""The box as a program: its version and where it lies, its service, its certificate, and whether its log is whole."""

from typing import Any

from litestar import Controller, Response, get, post

from appliance.db.database import Database
from appliance.domain import audit
from appliance.domain.actor import Actor
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.box import BoxFrame
from appliance.web.box_service_api import BoxServiceApi
from appliance.web.box_standing import Standing, renewed, standing
from appliance.web.respond import Reply
from appliance.web.services import Services

HOME = "/box/service"


class BoxServicePages(Controller):
    path = "/service"

    @get("/", sync_to_thread=True)
    def index(self, frame: BoxFrame, control: Database, services: Services) -> Reply:
        now = standing(control, services)
        shown = {"Version": now.version, "Data": _schemas(now), "Started by": _starter(now)} | _places(now)
        return respond.page(frame, "box/service.html", standing=now, shown=shown, trust=services.settings.update_key)

    @post("/audit", sync_to_thread=True)
    def audit(self, control: Database) -> Reply:
        proof = audit.verify(control)
        if proof.bad is not None:
            return respond.redirect(HOME, f"{proof.fault} The {proof.lines:,} lines before it are whole.", "bad")
        return respond.redirect(HOME, f"All {proof.lines:,} lines are as they were written. Head {proof.head}")

    @post("/tls/renew", sync_to_thread=True)
    def renew(self, control: Database, services: Services, actor: Actor) -> Reply:
        try:
            renewed(control, services.settings, actor)
        except Problem as problem:
            return respond.redirect(HOME, problem.detail, "bad")
        return respond.redirect(HOME, "The certificate was renewed; it is in use within seconds.")

    @get("/agenthq-ca.pem", sync_to_thread=True)
    def authority(self, services: Services) -> Response[bytes]:
        from appliance import tls  # noqa: PLC0415  0.04 s that only boxes with a certificate wait for

        text = tls.authority_text(services.settings.data_dir)
        return Response(text.encode(), media_type="application/x-pem-file")


def _schemas(now: Standing) -> str:
    return f"schema {now.schema['control']} of the box, {now.schema['tenant']} of tenants"


def _starter(now: Standing) -> str:
    return "systemd, which watches it" if now.supervised else "hand; agenthq service install starts it with the machine"


def _places(now: Standing) -> dict[str, Any]:
    if not now.home:
        return {"Installed": "no; agenthq install puts it where updates can find it"}
    return {"Installed": now.home, "Versions there": ", ".join(now.versions)}


BOX_PAGES = [BoxServicePages]
BOX_API = [BoxServiceApi]
