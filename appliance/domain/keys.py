"""API keys: `ahq_…` secrets of which only the digest is stored."""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance import clock, crypto, ids
from appliance.db.database import Database, Row
from appliance.domain import audit, budgets, key_forms, records
from appliance.domain.actor import ROLES, Actor
from appliance.domain.key_forms import ApiKey, IssuedKey, KeyChange, NewKey
from appliance.errors import Problem, invalid, not_found

PREFIX = "ahq_"
TOUCH_SECONDS = 60
_BY_SECRET = "SELECT * FROM api_keys WHERE digest = :digest OR old_digest = :digest"


def create(control: Database, actor: Actor, tenant_id: str, new: NewKey) -> IssuedKey:
    """`new.agent` is an id here. Raises Problem(invalid), and Problem(forbidden) for a role above the actor's."""
    key_forms.check(msgspec.structs.asdict(new))
    if ROLES.index(new.role) > ROLES.index(actor.role):
        raise Problem("forbidden", f"You are {actor.role} and can't make a key with the role {new.role}.")
    secret = ids.token(PREFIX)
    row: Row = {"id": ids.new(), "tenant_id": tenant_id, "name": new.name.strip(), "hint": secret[:8]}
    row |= {"role": new.role, "agent_id": new.agent or None, "gateway_only": new.gateway_only, "project": new.project}
    row |= {"created_by": actor.label, "created_at": clock.iso(), "expires_at": key_forms.expiry(new.expires)}
    row |= {"budget_nano": None if new.budget_usd is None else budgets.nano(new.budget_usd, "budget_usd")}
    row |= {name: getattr(new, name) for name in key_forms.LIMITS} | {"models": records.dump(new.models)}
    with control.transaction():
        control.insert("api_keys", row | {"digest": crypto.digest(secret)})
        audit.record(control, actor, "key.created", f"{row['id']} {row['name']} {new.role}", tenant_id)
    stored = {"used_at": None, "revoked_at": None, "secret": secret}
    return records.to(IssuedKey, row | stored, ("models",))


def change(control: Database, actor: Actor, tenant_id: str, key_id: str, change: KeyChange) -> ApiKey:
    """`change.agent` is an id here. Raises Problem(not_found), and Problem(invalid) for a key that has ended."""
    given = {n: v for n, v in msgspec.structs.asdict(change).items() if v is not msgspec.UNSET and n != "confirm"}
    key_forms.check(given)
    if get(control, tenant_id, key_id).revoked_at:
        raise invalid(name="the key is revoked; make another one")
    row: Row = {name: value for name, value in given.items() if name in ("gateway_only", *key_forms.LIMITS)}
    made: dict[str, Callable[[Any], tuple[str, Any]]] = {
        "name": lambda said: ("name", said.strip()),
        "expires": lambda said: ("expires_at", key_forms.expiry(said)),
        "budget_usd": lambda said: ("budget_nano", None if said is None else budgets.nano(said, "budget_usd")),
        "agent": lambda said: ("agent_id", said or None),
        "project": lambda said: ("project", said or ""),
        "models": lambda said: ("models", records.dump(said)),
    }
    row |= dict(made[name](value) for name, value in given.items() if name in made)
    if row:
        with control.transaction():
            control.update("api_keys", {"id": key_id}, **row)
            audit.record(control, actor, "key.changed", f"{key_id} {' '.join(sorted(given))}", tenant_id)
    return get(control, tenant_id, key_id)


def get(control: Database, tenant_id: str, key_id: str) -> ApiKey:
    """Raises Problem(not_found)."""
    where = {"id": key_id, "tenant": tenant_id}
    row = control.one("SELECT * FROM api_keys WHERE id = :id AND tenant_id = :tenant", where)
    if row is None:
        raise not_found("key")
    return _key(row)


def every(control: Database, tenant_id: str) -> list[ApiKey]:
    """Newest first, revoked ones too."""
    rows = control.rows("SELECT * FROM api_keys WHERE tenant_id = :tenant ORDER BY id DESC", {"tenant": tenant_id})
    return [_key(row) for row in rows]


def revoke(control: Database, actor: Actor, tenant_id: str, key_id: str) -> None:
    """Revoking twice is no error."""
    with control.transaction():
        if get(control, tenant_id, key_id).revoked_at is None:
            control.update("api_keys", {"id": key_id}, revoked_at=clock.iso())
            audit.record(control, actor, "key.revoked", key_id, tenant_id)


def state(control: Database, tenant_id: str, key_id: str) -> str:
    """active, expired or revoked; revoked for a key that is gone."""
    where = {"id": key_id, "tenant": tenant_id}
    row = control.one("SELECT * FROM api_keys WHERE id = :id AND tenant_id = :tenant", where)
    return _key(row).state if row else "revoked"


def authenticate(control: Database, secret: str) -> ApiKey:
    """Raises Problem(unauthenticated) for a key that is unknown, revoked or expired, and for an old secret of one."""
    row = control.one(_BY_SECRET, {"digest": crypto.digest(secret)})
    if row is None:
        raise Problem("unauthenticated", "This API key is not known here.")
    key, old = _key(row), row["digest"] != crypto.digest(secret)
    if key.state != "active":
        raise Problem("unauthenticated", f"This API key is {key.state}. Make another one in the settings.")
    if old and not key.rotating:
        raise Problem("unauthenticated", "This API key was rotated and its old secret has ended. Use the new one.")
    at = "old_used_at" if old else "used_at"
    if row[at] is None or row[at] < clock.ahead(-TOUCH_SECONDS):
        control.update("api_keys", {"id": key.id}, **{at: clock.iso()})
    return key


def _key(row: Row) -> ApiKey:
    return records.to(ApiKey, row, ("models",))
