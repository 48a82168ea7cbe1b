"""The log of what came in at hooks: each request to a live one, for 30 days, with what became of it."""

import hashlib
from typing import Any

import msgspec

from appliance import clock, ids, redaction
from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.actor import Actor
from appliance.domain.hook_given import Made
from appliance.domain.hooks import Hook
from appliance.domain.records import Page
from appliance.errors import invalid, not_found

KEEP_DAYS = 30
KEPT_BYTES = 64 * 1024
# Of those that had no effect, for each hook: whoever knows an address must not fill the disk.
KEEP_IDLE = 10_000
OUTCOMES = ("accepted", "repeated", "ping", "skipped", "refused", "bad_signature", "too_large", "unreadable")
# What opens something is not kept: the names that the schemes use, and what others are called.
_SECRET = ("authorization", "cookie", "signature", "token", "secret", "password", "api-key", "apikey")


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender is told: a sentence, the fields at fault, and what was made."""

    accepted: bool
    reason: str
    errors: dict[str, str] = {}
    delivery: str = ""
    task: int | None = None
    instance: str | None = None


class Arrived(msgspec.Struct, frozen=True):
    """A request as it came: headers by lower-case name, the address it came from, the monotonic time it began.

    `cut` says that the body went on beyond what is taken.
    """

    headers: dict[str, str]
    body: bytes
    address: str
    began: float
    cut: bool = False

    @property
    def kind(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


class Came(msgspec.Struct, frozen=True):
    """How a request stands in the log: `idem` is how its sender, or the digest of its body, names it."""

    outcome: str
    answer: Answer
    status: int = 200
    idem: str = ""
    repeat_of: str | None = None


class Delivery(msgspec.Struct, frozen=True):
    """`whole` says that `body` is all of what was sent, so that it can be replayed; `replayed_by` is who did."""

    id: str
    hook_id: str
    at: str
    outcome: str
    reason: str
    status: int
    duration_ms: int
    address: str
    idem: str
    answer: Answer
    headers: dict[str, str]
    body: str
    body_digest: str
    body_bytes: int
    whole: bool
    task_id: str | None
    run_id: str | None
    instance_id: str | None
    repeat_of: str | None
    replay_of: str | None
    replayed_by: str | None

    @property
    def had_effect(self) -> bool:
        return self.outcome == "accepted"


def add(
    db: Database,
    hook: Hook,
    arrived: Arrived,
    came: Came,
    made: Made | None = None,
    delivery_id: str = "",
    replay: tuple[str, Actor] | None = None,
) -> str:
    """Write one line of the log; its id. `replay` is the delivery that a person had repeated, and who."""
    text = arrived.body[:KEPT_BYTES].decode(errors="replace").replace("\0", "\ufffd")
    whole = not arrived.cut and text.encode() == arrived.body and redaction.clean(text, db.name) == text
    row: Row = {"id": delivery_id or ids.new(), "hook_id": hook.id, "at": clock.iso(), "outcome": came.outcome}
    row |= {"reason": came.answer.reason, "status": came.status, "answer": records.dump(came.answer)}
    row |= {"duration_ms": int((clock.monotonic() - arrived.began) * 1000), "address": arrived.address}
    row |= {"idem": came.idem, "headers": records.dump(_open(arrived.headers, hook.signing.header)), "body": text}
    row |= {"body_digest": arrived.digest, "body_bytes": len(arrived.body), "whole": whole}
    row |= {"task_id": made.task_id if made else None, "run_id": made.run_id if made else None}
    row |= {"instance_id": made.instance_id if made else None, "repeat_of": came.repeat_of}
    row |= {"replay_of": replay[0] if replay else None, "replayed_by": replay[1].label if replay else None}
    db.insert("hook_deliveries", row)
    return str(row["id"])


def get(db: Database, hook_id: str, delivery_id: str) -> Delivery:
    """Raises Problem(not_found)."""
    sql = "SELECT * FROM hook_deliveries WHERE hook_id = :hook AND id = :id"
    row = db.one(sql, {"hook": hook_id, "id": delivery_id})
    if row is None:
        raise not_found("delivery of this hook")
    return _delivery(row)


def listing(
    db: Database, hook_id: str, outcome: str = "", limit: int = records.LIMIT, cursor: str = ""
) -> Page[Delivery]:
    """Newest first. Raises Problem(bad_cursor), Problem(invalid)."""
    if outcome and outcome not in OUTCOMES:
        raise invalid(outcome=f"use one of {', '.join(OUTCOMES)}")
    given: Row = {"hook": hook_id, "outcome": outcome, "limit": limit + 1}
    given["before"] = records.read_cursor(cursor, str)[0] if cursor else "g"
    only = "AND outcome = :outcome" if outcome else ""
    sql = f"""SELECT * FROM hook_deliveries WHERE hook_id = :hook AND id < :before {only}
      ORDER BY id DESC LIMIT :limit"""
    return records.page([_delivery(row) for row in db.rows(sql, given)], limit, lambda found: (found.id,))


def last_of_task(db: Database, task_id: str) -> Delivery | None:
    """The newest that made the task or reached it."""
    row = db.one("SELECT * FROM hook_deliveries WHERE task_id = :id ORDER BY id DESC LIMIT 1", {"id": task_id})
    return _delivery(row) if row else None


def replays(db: Database, delivery_id: str) -> list[Delivery]:
    """Oldest first."""
    sql = "SELECT * FROM hook_deliveries WHERE replay_of = :id AND hook_id = (SELECT hook_id FROM hook_deliveries d "
    sql += "WHERE d.id = :id) ORDER BY id"
    return [_delivery(row) for row in db.rows(sql, {"id": delivery_id})]


def prune(db: Database) -> int:
    """Forget what is older than 30 days, and of deliveries without an effect all but the newest 10,000 of a hook."""
    old = {"old": clock.ahead(-KEEP_DAYS * 86_400)}
    db.execute("DELETE FROM hook_receipts WHERE at < :old", old)
    gone = db.execute("DELETE FROM hook_deliveries WHERE at < :old", old)
    idle = f"SELECT hook_id, COUNT(*) AS n FROM hook_deliveries WHERE {_IDLE} GROUP BY hook_id HAVING COUNT(*) > :most"
    return gone + sum(_prune_idle(db, row["hook_id"]) for row in db.rows(idle, {"most": KEEP_IDLE}))


_IDLE = "outcome <> 'accepted'"


def _prune_idle(db: Database, hook_id: str) -> int:
    sql = f"""DELETE FROM hook_deliveries WHERE hook_id = :hook AND {_IDLE} AND id <= (
      SELECT id FROM hook_deliveries WHERE hook_id = :hook AND {_IDLE} ORDER BY id DESC LIMIT 1 OFFSET :most)"""
    return db.execute(sql, {"hook": hook_id, "most": KEEP_IDLE})


def _delivery(row: Row) -> Delivery:
    return records.to(Delivery, row, ("answer", "headers"))


def _open(headers: dict[str, str], signature: str) -> dict[str, Any]:
    """The headers without what proves who sent them."""
    return {
        name: redaction.MARK if name == signature.lower() or any(word in name for word in _SECRET) else value
        for name, value in headers.items()
    }
