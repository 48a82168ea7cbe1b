"""The box as a program: which version it is, where it lies, who keeps it running, and its certificate."""

from pathlib import Path

import msgspec

from appliance import __version__
from appliance.db import migrate
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import audit, tenants
from appliance.domain.actor import Actor
from appliance.errors import Problem
from appliance.release import layout
from appliance.release.notify import Supervisor
from appliance.settings import Settings
from appliance.web.services import Services


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
    from appliance import tls  # noqa: PLC0415  0.04 s that only boxes with a certificate wait for

    try:
        found = tls.status(settings)
    except Problem:
        return None
    own = tls.files(settings).own
    return Certificate(found.names, found.issuer, found.ends, int(found.days_left), found.fingerprint, own)


def renewed(control: Database, settings: Settings, actor: Actor) -> Certificate:
    """Raises Problem(conflict) where there is no certificate of ours: nothing is broken, there is nothing to renew."""
    if not settings.https:
        raise Problem("conflict", "The box serves plain HTTP: set tls = true first.")
    from appliance import tls  # noqa: PLC0415  0.04 s that only boxes with a certificate wait for

    if not tls.files(settings).own:
        raise Problem("conflict", "The certificate is not one of ours: replace the files, and they are taken into use.")
    made = tls.renew(settings)
    audit.record(control, actor, "tls.renewed", made.fingerprint)
    return Certificate(made.names, made.issuer, made.ends, int(made.days_left), made.fingerprint, True)


def _maintenance(control: Database, catalogue: Catalogue) -> dict[str, str]:
    failed = dict(catalogue.failed)
    return {t.slug: failed[t.id] for t in tenants.every(control) if t.id in failed} if failed else {}
