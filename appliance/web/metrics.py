"""/metrics, and what it needs to be running: counts, spans and sightings of keys of the application's services."""

from litestar import Litestar, Response, get
from litestar.concurrency import sync_to_thread

from appliance.domain import keys
from appliance.errors import Problem
from appliance.metrics.page import CONTENT_TYPE
from appliance.metrics.readers import has_token, is_local
from appliance.monitoring import Monitoring
from appliance.web.access import Ask, services_of
from appliance.web.services import Services
from appliance.web.sightings import Sightings

WHO = (
    "Send the token of AGENTHQ_METRICS_TOKEN or an owner's API key as 'Authorization: Bearer …'. Without a token set, "
    "programs on this machine may read without one."
)


class Watch:
    """Hears of every call that this process books."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.monitoring = Monitoring(services.settings, services.catalogue)
        self.sightings = Sightings(services.catalogue)
        services.catalogue.attend(self.sightings.hear)

    def close(self) -> None:
        self.sightings.close()
        self.monitoring.close()


def of(app: Litestar) -> Watch:
    """The watch over the services that the application has now."""
    found: Watch | None = app.state.get("watch")
    if found is None or found.services is not app.state.services:
        found = app.state.watch = Watch(app.state.services)
    return found


async def close(app: Litestar) -> None:
    if found := app.state.get("watch"):
        await sync_to_thread(found.close)


@get("/metrics", include_in_schema=False, sync_to_thread=True)
def metrics(request: Ask) -> Response[bytes]:
    text = of(request.app).monitoring.text(_scope(request))
    return Response(text, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def _scope(request: Ask) -> str:
    """The tenant that the asker may read of, "" for all of the box. Raises Problem(unauthenticated) and forbidden."""
    services, given = services_of(request), request.headers.get("authorization", "")
    token = services.settings.metrics_token
    if has_token(token, given):
        return ""
    if given:
        return _of_owner(services, given)
    peer = request.client.host if request.client else ""
    if token or not is_local(peer, dict(request.headers)):
        raise Problem("unauthenticated", WHO)
    return ""


def _of_owner(services: Services, authorization: str) -> str:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip().startswith(keys.PREFIX):
        raise Problem("unauthenticated", WHO)
    with services.catalogue.control() as control:
        key = keys.authenticate(control, secret.strip())
    if key.gateway_only or key.role != "owner":
        raise Problem("forbidden", WHO)
    return key.tenant_id


HANDLERS = [metrics]
