"""Whose key came with a request; known for at most a second, so that a revoked one stops."""

import asyncio
from collections.abc import Iterable

from litestar.concurrency import sync_to_thread

from appliance import clock
from appliance.calls.asked import Holder
from appliance.db.tenants import Catalogue
from appliance.domain import keys, tenant_gate, tenants
from appliance.errors import Problem

KNOWN_S = 1.0
MOST = 2000
Headers = Iterable[tuple[bytes, bytes]]


class Keys:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._found: dict[bytes, tuple[float, asyncio.Task[Holder]]] = {}

    async def holder(self, headers: Headers) -> Holder:
        """Raises Problem: unauthenticated, forbidden, or those of `tenant_gate` for a tenant that does not work now."""
        secret = secret_of(headers)
        if not secret:
            raise Problem("unauthenticated", "Send a key of this box as 'Authorization: Bearer ahq_…' or 'x-api-key'.")
        now = clock.monotonic()
        until, asking = self._found.get(secret, (0.0, None))
        if asking is None or until <= now:
            if len(self._found) >= MOST:
                self._found.clear()
            asking = asyncio.ensure_future(sync_to_thread(self._look, secret.decode("latin-1")))
            self._found[secret] = (now + KNOWN_S, asking)
        return asking.result() if asking.done() else await asyncio.shield(asking)

    def _look(self, secret: str) -> Holder:
        with self._catalogue.control() as control:
            key = keys.authenticate(control, secret)
            tenant = tenants.by_id(control, key.tenant_id)
        if key.role == "viewer" and not key.gateway_only:
            raise Problem("forbidden", "This key has the role viewer, which may look and not spend.")
        tenant_gate.refuse(tenant)
        return Holder(tenant.id, key)


def secret_of(headers: Headers) -> bytes:
    """The key in the header of either family; tools with both send the right one as a bearer."""
    found = b""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip()
        if name == b"x-api-key":
            found = value.strip()
    return found
