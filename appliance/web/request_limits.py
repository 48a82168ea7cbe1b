"""Requests of programs, counted before they are carried out, and what their answers say of what is left."""

from typing import TYPE_CHECKING, Any

from litestar import Litestar

from appliance.calls.asked import Holder
from appliance.domain import buckets
from appliance.domain.buckets import Buckets, Drained

if TYPE_CHECKING:
    from appliance.web.access import Asker, Connection

METER = "meter"
TOLD = "rate_headers"
Pairs = list[tuple[bytes, bytes]]


def of(app: Litestar) -> Buckets:
    """The buckets of the services that the application has now."""
    found = app.state.get(METER)
    if found is None or found[0] is not app.state.services:
        found = app.state[METER] = (app.state.services, Buckets())
    kept: Buckets = found[1]
    return kept


def count(connection: "Connection", asker: "Asker") -> None:
    """One request to the API; its answer says what is left. Raises Drained."""
    user = asker.member.id if asker.member else ""
    key = (asker.key.id, asker.key.requests_per_min) if asker.key else ("", None)
    met = buckets.policies(asker.bounds, asker.tenant.id, user, *key)
    if met:
        try:
            standing = of(connection.app).take(met)
        except Drained as drained:
            connection.scope["state"][TOLD] = buckets.headers(drained.standing)
            raise
        connection.scope["state"][TOLD] = buckets.headers(standing)


def call(meter: Buckets, holder: Holder) -> Pairs:
    """One request of a tool below /gw; the headers of its answer. Raises Drained.

    What the key itself may make is not counted here: the desk counts that, for all processes, when it admits the call.
    """
    met = buckets.policies(holder.bounds, holder.tenant_id, key=holder.key.id)
    return buckets.headers(meter.take(met)) if met else []


def told(scope: Any) -> Pairs:
    """The headers that belong to an answer."""
    found: Pairs = scope.get("state", {}).get(TOLD, [])
    return found
