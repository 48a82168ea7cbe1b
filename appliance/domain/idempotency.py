"""Answers of creates, kept for a day under their Idempotency-Key."""

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records
from appliance.errors import Problem

KEEP_HOURS = 24


class Claim(msgspec.Struct, frozen=True):
    """Who sent which key to which route, with the digest of the body."""

    key: str
    actor: str
    route: str
    body_digest: str


class Kept(Claim, frozen=True):
    """`answer` is the JSON text that was given."""

    status: int
    answer: str


def claim(db: Database, claim: Claim) -> bool:
    """Take the key in the open transaction; false when it was used before."""
    sql = """INSERT INTO idempotency (key, actor, route, body_digest, status, answer, created_at)
             VALUES (:key, :actor, :route, :body_digest, 201, '', :now) ON CONFLICT DO NOTHING"""
    return db.execute(sql, msgspec.structs.asdict(claim) | {"now": clock.iso()}) == 1


def keep(db: Database, claim: Claim, answer: str) -> None:
    db.update("idempotency", _place(claim), answer=answer)


def earlier(db: Database, claim: Claim) -> Kept:
    """The answer given before. Raises Problem(idempotency_mismatch) when the body was another one."""
    sql = "SELECT * FROM idempotency WHERE key = :key AND actor = :actor AND route = :route"
    kept = records.to(Kept, db.rows(sql, _place(claim))[0])
    if kept.body_digest != claim.body_digest:
        raise Problem("idempotency_mismatch", "This Idempotency-Key came with another body before.")
    return kept


def prune(db: Database) -> int:
    """Forget answers older than a day."""
    return db.execute("DELETE FROM idempotency WHERE created_at < :old", {"old": clock.ahead(-KEEP_HOURS * 3600)})


def _place(claim: Claim) -> dict[str, str]:
    return {"key": claim.key, "actor": claim.actor, "route": claim.route}
