"""The address that programs outside post to."""

import logging

from litestar import Response, post
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath

from appliance import clock, metering
from appliance.db.database import Database
from appliance.domain import hook_receiving, hook_secrets, hooks, throttle
from appliance.domain.hook_deliveries import Arrived
from appliance.domain.hook_receiving import Done
from appliance.domain.hooks import FoundHook
from appliance.errors import Problem
from appliance.web import door
from appliance.web.access import Ask
from appliance.web.respond import Reply
from appliance.web.services import Services

log = logging.getLogger("agenthq.web")
AGAIN_S = 30


@post(
    hooks.PATH + "{token:str}",
    status_code=200,
    # No session is looked at, so no other site can borrow one.
    opt={"cross_site": True},
    # A body that is too large is for the log of the hook, so it is found out here and not by the framework.
    request_max_body_size=None,
    include_in_schema=False,
)
async def deliver(request: Ask, services: Services, token: FromPath[str]) -> Reply:
    began, address = clock.monotonic(), door.address_of(request)
    found, secrets = await sync_to_thread(_known, services, token, address)
    body, cut = await _body(request, hook_receiving.body_limit(found))
    headers = {name.lower(): value for name, value in request.headers.items()}
    arrived = Arrived(headers, body, address, began, cut)
    done = await sync_to_thread(_received, services, found, secrets, arrived)
    told = {"Cache-Control": "no-store"} | ({"Idempotent-Replayed": "true"} if done.repeated else {})
    return Response(done.answer, headers=told)


async def _body(request: Ask, limit: int) -> tuple[bytes, bool]:
    """At most `limit` bytes, and whether there were more."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return bytes(body[:limit]), True
    return bytes(body), False


def _known(services: Services, token: str, address: str) -> tuple[FoundHook, list[str]]:
    try:
        with services.catalogue.control() as control:
            found = _found(control, token, address)
            return found, hook_secrets.opened(control, services.vault, found.tenant_id, found.id)
    except Problem as problem:
        raise _told(problem) from problem


def _found(control: Database, token: str, address: str) -> FoundHook:
    try:
        return hooks.find(control, token)
    except Problem as problem:
        if problem.code == "not_found":
            throttle.missed(control, address)
        raise


def _received(services: Services, found: FoundHook, secrets: list[str], arrived: Arrived) -> Done:
    try:
        metering.of(found.tenant_id)
        with services.catalogue.open(found.tenant_id) as db:
            return hook_receiving.receive(db, found, secrets, arrived)
    except Problem as problem:
        raise _told(problem) from problem


def _told(problem: Problem) -> Problem:
    """Trouble of the box in words for strangers: all they can do is send it again."""
    if problem.status < 500:
        return problem
    log.error("a delivery to a hook was put off: %s", problem.detail)
    after = problem.retry_after or AGAIN_S
    return Problem("unavailable", f"Nothing was done. Send it again in {after} seconds.", retry_after=after)


HANDLERS = [deliver]
