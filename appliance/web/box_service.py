"""The box as a program: its version and where it lies, its service, its certificate, and whether its log is whole."""

from pathlib import Path
from typing import Any

import msgspec
from litestar import Controller, Response, get, post

from appliance import __version__, tls
from appliance.db import migrate
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import audit, tenants
from appliance.domain.actor import Actor
from appliance.domain.chain import Proof
from appliance.errors import Problem
from appliance.release import layout
from appliance.release.notify import Supervisor
from appliance.settings import Settings
from appliance.web import respond
from appliance.web.box import BoxFrame
from appliance.web.respond import Reply
from appliance.web.services import Services

HOME = "/box/service"


class Certificate(msgspec.Struct, frozen=True):
    """`own` ones are renewed by the box itself."""

    names: tuple[str, ...]
    issuer: str
    ends: str
    days_left: int
    fingerprint: str
    own: bool


class Standing(msgspec.Struct, frozen=True):
    """`home` is empty for a program that was not installed; `maintenance` says which tenants are, and why."""

    version: str
    schema: dict[str, int]
    supervised: bool
    home: str
    versions: tuple[str, ...]
    maintenance: dict[str, str]
    certificate: Certificate | None = None


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
        text = tls.authority_text(services.settings.data_dir)
        return Response(text.encode(), media_type="application/x-pem-file")


class BoxServiceApi(Controller):
    path = "/service"

    @get("/", sync_to_thread=True, summary="Version, place, service and certificate of the box")
    def show(self, control: Database, services: Services) -> Standing:
        return standing(control, services)

    @get("/audit", sync_to_thread=True, summary="Is the box's audit log as it was written?")
    def audit(self, control: Database) -> Proof:
        return audit.verify(control)

    @post("/tls/renew", status_code=200, sync_to_thread=True, summary="Another certificate for the same names")
    def renew(self, control: Database, services: Services, actor: Actor) -> Certificate:
        return renewed(control, services.settings, actor)


def standing(control: Database, services: Services) -> Standing:
    home = layout.own_home()
    found = layout.read(home) if home else layout.Layout(Path(), "", ())
    schema = {kind: migrate.latest(kind) for kind in ("control", "tenant")}
    place = (str(home or ""), found.versions)
    failed = _maintenance(control, services.catalogue)
    return Standing(__version__, schema, Supervisor().listening, *place, failed, certificate(services.settings))


def certificate(settings: Settings) -> Certificate | None:
    """None while the box serves plain HTTP, or the file can't be read."""
    if not settings.https:
        return None
    try:
        found = tls.status(settings)
    except Problem:
        return None
    own = tls.files(settings).own
    return Certificate(found.names, found.issuer, found.ends, int(found.days_left), found.fingerprint, own)


def renewed(control: Database, settings: Settings, actor: Actor) -> Certificate:
    """Raises Problem(config) for a certificate that is not one of ours."""
    if not settings.https:
        raise Problem("config", "The box serves plain HTTP: set tls = true first.")
    made = tls.renew(settings)
    audit.record(control, actor, "tls.renewed", made.fingerprint)
    return Certificate(made.names, made.issuer, made.ends, int(made.days_left), made.fingerprint, True)


def _maintenance(control: Database, catalogue: Catalogue) -> dict[str, str]:
    failed = dict(catalogue.failed)
    return {t.slug: failed[t.id] for t in tenants.every(control) if t.id in failed} if failed else {}


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
