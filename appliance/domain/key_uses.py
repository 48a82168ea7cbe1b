"""Whether a key works where it was put: its first call, and what it was last refused for."""

import msgspec

from appliance import clock, crypto
from appliance.db.database import Database
from appliance.domain import events, ledger_lists, records
from appliance.domain.actor import Actor
from appliance.domain.ledger_rows import Call, CallFilter
from appliance.errors import not_found

# As many letters as the box remembers of a secret.
HINT = 8
SAID_LIMIT = 300
_FIRST = "SELECT id, state, agent_id FROM calls WHERE key_id = :key ORDER BY started_at, id LIMIT 1"


class Refusal(msgspec.Struct, frozen=True):
    """`reason` is that of x-agenthq-reason, or `unknown` for a secret that only begins like the key's."""

    refused_at: str
    refused_reason: str
    refused_said: str


class Use(msgspec.Struct, frozen=True):
    """`call` is the key's last call; `refusal` only while nothing came after it."""

    key_id: str
    name: str
    call: Call | None = None
    refusal: Refusal | None = None


def of(control: Database, db: Database, tenant_id: str, key_id: str) -> Use:
    """Raises Problem(not_found)."""
    where = {"id": key_id, "tenant": tenant_id}
    row = control.one("SELECT * FROM api_keys WHERE id = :id AND tenant_id = :tenant", where)
    if row is None:
        raise not_found("key")
    found = ledger_lists.calls(db, 1, only=CallFilter(key_id=key_id)).items
    call = found[0] if found else None
    refusal = records.to(Refusal, row) if row["refused_at"] else None
    if call and refusal and refusal.refused_at < (call.finished_at or call.started_at):
        refusal = None
    return Use(key_id, row["name"], call, refusal)


def note_first(db: Database, actor: Actor, key_id: str, call_id: str) -> bool:
    """Record the event of the key's first call if the one that ended just now is it; false while the first goes on."""
    first = db.one(_FIRST, {"key": key_id})
    if first is None:
        return False
    if first["id"] == call_id:
        events.record(db, actor, "key.first_call", agent_id=first["agent_id"], key_id=key_id, call_id=call_id)
    return bool(first["state"] != "open")


def refuse(control: Database, secret: str, reason: str, said: str) -> tuple[str, str] | None:
    """Note on the key that a request with `secret` was refused; its tenant and id.

    A secret nobody knows is noted on the newest key that begins with the same letters; None where there is none.
    """
    sql = "SELECT id, tenant_id FROM api_keys WHERE digest = :digest OR old_digest = :digest"
    row = control.one(sql, {"digest": crypto.digest(secret)})
    if row is None:
        sql = "SELECT id, tenant_id FROM api_keys WHERE hint = :hint AND revoked_at IS NULL ORDER BY id DESC LIMIT 1"
        row, reason = control.one(sql, {"hint": secret[:HINT]}), "unknown"
    if row is None:
        return None
    values = {"refused_at": clock.iso(), "refused_reason": reason, "refused_said": said[:SAID_LIMIT]}
    control.update("api_keys", {"id": row["id"]}, **values)
    return row["tenant_id"], row["id"]
