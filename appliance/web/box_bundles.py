"""Bundles over the API of the box: a tenant out as one file, and in as a new tenant; forks."""

import tempfile
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

from litestar import Controller, MediaType, Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from appliance import bundles
from appliance.bundles import Fork, Wish
from appliance.db.database import Database
from appliance.domain import tenants
from appliance.domain.actor import Actor
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.access import Ask
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
# Over HTTP; the command line takes larger ones.
UPLOAD_MOST = 4 * 1024**3
PASSPHRASE = "x-bundle-passphrase"
TYPE = "application/zstd"
_PART = 256 * 1024


class BoxBundlesApi(Controller):
    path = "/tenants"

    @get("/{ref:str}/export", sync_to_thread=True, opt={"packed": True}, summary="A tenant as a bundle")
    def export(self, request: Ask, services: Services, control: Database, ref: Ref) -> Stream:
        """Secrets are left behind, or with the header X-Bundle-Passphrase sealed under that passphrase."""
        return packed(services, tenants.by_slug(control, ref), request.headers.get(PASSPHRASE, ""))

    @post("/import", request_max_body_size=None, summary="Make a new tenant of a bundle, which is the body")
    async def import_(
        self,
        request: Ask,
        services: Services,
        actor: Actor,
        slug: FromQuery[str],
        name: FromQuery[str] = "",
        people: FromQuery[bool] = False,
        owner: FromQuery[str] = "",
        plan: FromQuery[str] = "",
        check: FromQuery[bool] = False,
    ) -> Reply:
        """`people` gives its members a way in, and `owner` the person of this box with that address.

        `plan` is that of the bundle when left out. With `check` nothing is kept: the answer is what would be made.
        X-Bundle-Passphrase is that of its secrets.
        """
        wish = Wish(slug, name, request.headers.get(PASSPHRASE, ""), people, owner, plan)
        await sync_to_thread(_wished, services, wish)
        with tempfile.TemporaryFile(dir=services.catalogue.folder) as kept:
            size = 0
            async for part in request.stream():
                size += len(part)
                if size > UPLOAD_MOST:
                    raise Problem(
                        "too_large", f"A bundle may have {UPLOAD_MOST:,} bytes here. Use agenthq tenant import."
                    )
                kept.write(part)
            made = await sync_to_thread(_imported, services, kept, wish, actor, check)
            return Response(made, status_code=200 if check else 201, media_type=MediaType.JSON)

    @post("/{ref:str}/fork", sync_to_thread=True, summary="Copy a tenant to try things on")
    def fork(self, services: Services, control: Database, actor: Actor, ref: Ref, data: Fork) -> Reply:
        """Secrets of accounts and channels stay behind unless `secrets` says otherwise."""
        found = tenants.by_slug(control, ref)
        return respond.created(bundles.fork(services.catalogue, services.vault, found.id, data, actor))


def packed(services: Services, tenant: Tenant, phrase: str) -> Stream:
    """The tenant as a file to keep."""
    # Whole before the first byte is sent: who reads slowly must not hold the database's snapshot open.
    kept = tempfile.TemporaryFile(dir=services.catalogue.folder)  # noqa: SIM115  closed by the one who sends it
    try:
        bundles.write(services.catalogue, tenant.id, cast(BinaryIO, kept), services.vault, passphrase=phrase)
        size = kept.tell()
    except BaseException:
        kept.close()
        raise
    headers = {"Content-Disposition": f'attachment; filename="{tenant.slug}.agenthq"', "Cache-Control": "no-store"}
    return Stream(_sent(kept), media_type=TYPE, headers=headers | {"Content-Length": str(size)})


def _wished(services: Services, wish: Wish) -> None:
    with services.catalogue.control() as control:
        bundles.check_wish(control, wish)


def _imported(services: Services, kept: IO[bytes], wish: Wish, actor: Actor, check: bool) -> Any:
    make = bundles.rehearse if check else bundles.read
    return make(services.catalogue, services.vault, cast(BinaryIO, kept), wish, actor)


def _sent(kept: IO[bytes]) -> Iterator[bytes]:
    with kept:
        kept.seek(0)
        while part := kept.read(_PART):
            yield part


BOX_API = [BoxBundlesApi]
