"""`Idempotency-Key`: a create repeated with the same key and body gives the same answer and makes nothing new."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import MediaType, Response

from appliance.db.database import Database
from appliance.domain import idempotency
from appliance.domain.idempotency import Claim
from appliance.errors import invalid
from appliance.web import respond
from appliance.web.access import Ask, asker_of


class Once:
    """The create of this request. The claim, the change and the answer are one transaction of the tenant's database."""

    def __init__(self, db: Database, claim: Claim) -> None:
        self._db = db
        self._claim = claim

    def created(self, make: Callable[[], Any], keep: Callable[[Any], Any] = lambda made: made) -> respond.Reply:
        """201 with what `make` returns; `keep` gives what may be stored of it (never a secret).

        Raises Problem(idempotency_mismatch) when the key came with another body before.
        """
        if not self._claim.key:
            return respond.created(make())
        with self._db.transaction():
            if idempotency.claim(self._db, self._claim):
                made = make()
                idempotency.keep(self._db, self._claim, msgspec.json.encode(keep(made)).decode())
                return respond.created(made)
        kept = idempotency.earlier(self._db, self._claim)
        headers = {"Idempotent-Replayed": "true"}
        return Response(kept.answer.encode(), status_code=kept.status, media_type=MediaType.JSON, headers=headers)


async def provide_once(request: Ask, db: Database) -> Once:
    key = request.headers.get("idempotency-key", "")
    if len(key) > 255:
        raise invalid(**{"Idempotency-Key": "take at most 255 characters"})
    digest = hashlib.sha256(await request.body()).hexdigest() if key else ""
    slug = request.path_params.get("slug")
    route = request.url.path.removeprefix("/api/v1").removeprefix(f"/t/{slug}" if slug else "")
    return Once(db, Claim(key, asker_of(request).actor.label, f"{request.method} {route}", digest))
