"""Is the process alive, is it ready, is it really us."""

from typing import Any

from litestar import Response, get

from appliance import __version__, clock, diskspace
from appliance.db import migrate
from appliance.db.database import Database
from appliance.domain import alerts, heartbeats, setup
from appliance.errors import Problem
from appliance.web.access import Ask, services_of
from appliance.web.services import Services

NONCE = "X-AgentHQ-Nonce"


@get("/livez", include_in_schema=False, sync_to_thread=False)
def livez(request: Ask) -> Response[dict[str, str]]:
    return Response({"status": "ok", "version": __version__}, headers=_echo(request))


@get("/readyz", include_in_schema=False, sync_to_thread=True)
def readyz(request: Ask) -> Response[dict[str, Any]]:
    checks = look(services_of(request))
    status = 200 if all(found == "ok" for found in checks.values()) else 503
    said = {"status": "ok" if status == 200 else "not ready", "checks": checks}
    return Response(said, status_code=status, headers=_echo(request))


@get("/healthz", include_in_schema=False, sync_to_thread=True)
def healthz(request: Ask) -> Response[dict[str, Any]]:
    services = services_of(request)
    checks = look(services)
    with services.catalogue.control() as control:
        set_up, ages = setup.has_owner(control), heartbeats.ages(control)
        pressing = [alert.rule for alert in alerts.open_ones(control)]
    said: dict[str, Any] = {
        "status": "ok" if set(checks.values()) == {"ok"} else "degraded",
        "version": __version__,
        "checks": checks,
    }
    said |= {"set_up": set_up, "streams": request.app.state.live.streams, "alerts": pressing}
    return Response(said | {"heartbeats": {part: round(age, 1) for part, age in ages.items()}}, headers=_echo(request))


def look(services: Services) -> dict[str, str]:
    """Each check by name: "ok", or what is wrong."""
    try:
        with services.catalogue.control() as control:
            found = {"database": _write_and_read(control), "migrations": _migrations(control)}
            found |= dict.fromkeys(heartbeats.PARTS, "ok") | _silent(control)
    except Problem as problem:
        found = {"database": problem.detail}
    return found | {"disk": _disk(services)}


def _write_and_read(control: Database) -> str:
    now = clock.iso()
    control.upsert("box", {"name": "ready", "value": now}, ("name",))
    return "ok" if control.value("SELECT value FROM box WHERE name = 'ready'") >= now else "a write was not found again"


def _migrations(control: Database) -> str:
    found, wanted = migrate.version(control), migrate.latest("control")
    return "ok" if found == wanted else f"schema {found}, this program needs {wanted}"


def _silent(control: Database) -> dict[str, str]:
    """A part that never began here, or that ended in order, is not silent: workers may be on their way."""
    return {
        pulse.part: f"no sign of life for {pulse.age_s:.0f} s" for pulse in heartbeats.pulses(control) if pulse.silent
    }


def _disk(services: Services) -> str:
    space = diskspace.look(services.catalogue.folder)
    return "ok" if space.share >= diskspace.FLOOR else f"only {space.share:.1%} free: no new work is begun"


def _echo(request: Ask) -> dict[str, str]:
    # Whoever started us sends a nonce: a stranger on our port does not know to send it back.
    nonce = request.headers.get(NONCE, "")[:100]
    return {NONCE: nonce, "Server": "AgentHQ", "Cache-Control": "no-store"} if nonce else {"Cache-Control": "no-store"}


HANDLERS = [livez, readyz, healthz]
