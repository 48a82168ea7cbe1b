"""`Idempotency-Key`: a create repeated with the same key and body gives the same answer and makes nothing new."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import MediaType, Response

from appliance import clock
from appliance.db.database import Database, Duplicate, Row
from appliance.errors import Problem, invalid
from appliance.web import respond
from appliance.web.access import Ask, asker_of

KEEP_HOURS = 24


class Once:
    """The create of this request. The claim, the change and the answer are one transaction of the tenant's database."""

    def __init__(self, db: Database, key: str, actor: str, route: str, body_digest: str) -> None:
        self._db = db
        self._claim: Row = {"key": key, "actor": actor, "route": route}
        self._digest = body_digest

    def created(self, make: Callable[[], Any], keep: Callable[[Any], Any] = lambda made: made) -> respond.Reply:
        """201 with what `make` returns; `keep` gives what may be stored of it (never a secret).

        Raises Problem(idempotency_mismatch) when the key came with another body before.
        """
        if not self._claim["key"]:
            return respond.created(make())
        try:
            with self._db.transaction():
                self._db.insert("idempotency", self._row())
                made = make()
                self._db.update("idempotency", self._claim, answer=msgspec.json.encode(keep(made)).decode())
        except Duplicate:
            # Either the key was used, or `make` met a name that is taken.
            earlier = self._earlier()
            if earlier is None:
                raise
            return earlier
        return respond.created(made)

    def _row(self) -> Row:
        return self._claim | {"body_digest": self._digest, "status": 201, "answer": "", "created_at": clock.iso()}

    def _earlier(self) -> respond.Reply | None:
        sql = "SELECT * FROM idempotency WHERE key = :key AND actor = :actor AND route = :route"
        row = self._db.one(sql, self._claim)
        if row is None:
            return None
        if row["body_digest"] != self._digest:
            raise Problem("idempotency_mismatch", "This Idempotency-Key came with another body before.")
        headers = {"Idempotent-Replayed": "true"}
        answer = row["answer"].encode()
        return Response(answer, status_code=row["status"], media_type=MediaType.JSON, headers=headers)


async def provide_once(request: Ask, db: Database) -> Once:
    key = request.headers.get("idempotency-key", "")
    if len(key) > 255:
        raise invalid(**{"Idempotency-Key": "take at most 255 characters"})
    digest = hashlib.sha256(await request.body()).hexdigest() if key else ""
    # The address under /t/<slug> and the one for keys are the same route.
    route = f"{request.method} {request.url.path.removeprefix('/api/v1').removeprefix(_tenant_part(request))}"
    return Once(db, key, asker_of(request).actor.label, route, digest)


def prune(db: Database) -> int:
    """Forget answers older than a day."""
    return db.execute("DELETE FROM idempotency WHERE created_at < :old", {"old": clock.ahead(-KEEP_HOURS * 3600)})


def _tenant_part(request: Ask) -> str:
    slug = request.path_params.get("slug")
    return f"/t/{slug}" if slug else ""
