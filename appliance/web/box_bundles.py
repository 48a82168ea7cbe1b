"""Bundles over the API of the box: a tenant out as one file, and in as a new tenant."""

import tempfile
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

from litestar import Controller, get, post
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from appliance import bundles
from appliance.bundles import Wish
from appliance.db.database import Database
from appliance.domain import tenants
from appliance.domain.actor import Actor
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
        found = tenants.by_slug(control, ref)
        phrase = request.headers.get(PASSPHRASE, "")
        # Whole before the first byte is sent: who reads slowly must not hold the database's snapshot open.
        kept = tempfile.TemporaryFile(dir=services.catalogue.folder)  # noqa: SIM115  closed by the one who sends it
        try:
            bundles.write(services.catalogue, found.id, cast(BinaryIO, kept), services.vault, passphrase=phrase)
            size = kept.tell()
        except BaseException:
            kept.close()
            raise
        headers = {"Content-Disposition": f'attachment; filename="{found.slug}.agenthq"', "Cache-Control": "no-store"}
        return Stream(_sent(kept), media_type=TYPE, headers=headers | {"Content-Length": str(size)})

    @post("/import", request_max_body_size=None, summary="Make a new tenant of a bundle, which is the body")
    async def import_(
        self,
        request: Ask,
        services: Services,
        actor: Actor,
        slug: FromQuery[str],
        name: FromQuery[str] = "",
        people: FromQuery[bool] = False,
    ) -> Reply:
        """`people` gives its members a way in. X-Bundle-Passphrase is that of its secrets."""
        tenants.check_slug(slug)
        wish = Wish(slug, name, request.headers.get(PASSPHRASE, ""), people)
        with tempfile.TemporaryFile(dir=services.catalogue.folder) as kept:
            size = 0
            async for part in request.stream():
                size += len(part)
                if size > UPLOAD_MOST:
                    raise Problem(
                        "too_large", f"A bundle may have {UPLOAD_MOST:,} bytes here. Use agenthq tenant import."
                    )
                kept.write(part)
            return respond.created(await sync_to_thread(_imported, services, kept, wish, actor))


def _imported(services: Services, kept: IO[bytes], wish: Wish, actor: Actor) -> Any:
    return bundles.read(services.catalogue, services.vault, cast(BinaryIO, kept), wish, actor)


def _sent(kept: IO[bytes]) -> Iterator[bytes]:
    with kept:
        kept.seek(0)
        while part := kept.read(_PART):
            yield part


BOX_API = [BoxBundlesApi]
