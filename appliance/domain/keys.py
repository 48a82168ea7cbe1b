"""API keys: `ahq_…` secrets of which only the digest is stored."""

from appliance import clock, crypto, ids
from appliance.db.database import Database, Row
from appliance.domain import audit, budgets, key_forms, records
from appliance.domain.actor import ROLES, Actor
from appliance.domain.key_forms import ApiKey, IssuedKey, NewKey
from appliance.errors import Problem, invalid, not_found

PREFIX = "ahq_"
TOUCH_SECONDS = 60


def create(control: Database, actor: Actor, tenant_id: str, new: NewKey) -> IssuedKey:
    """Raises Problem(invalid), and Problem(forbidden) for a role above the actor's."""
    if not new.name.strip():
        raise invalid(name="give the key a name")
    if ROLES.index(new.role) > ROLES.index(actor.role):
        raise Problem("forbidden", f"You are {actor.role} and can't make a key with the role {new.role}.")
    secret = ids.token(PREFIX)
    row: Row = {"id": ids.new(), "tenant_id": tenant_id, "name": new.name.strip(), "hint": secret[:8]}
    row |= {"role": new.role, "agent_id": None, "gateway_only": new.gateway_only}
    row |= {"created_by": actor.label, "created_at": clock.iso(), "expires_at": key_forms.expiry(new.expires)}
    row |= {"budget_nano": None if new.budget_usd is None else budgets.nano(new.budget_usd, "budget_usd")}
    with control.transaction():
        control.insert("api_keys", row | {"digest": crypto.digest(secret)})
        audit.record(control, actor, "key.created", f"{row['id']} {row['name']} {new.role}", tenant_id)
    stored = {"used_at": None, "revoked_at": None, "secret": secret}
    return records.to(IssuedKey, row | stored)


def every(control: Database, tenant_id: str) -> list[ApiKey]:
    """Newest first, revoked ones too."""
    rows = control.rows("SELECT * FROM api_keys WHERE tenant_id = :tenant ORDER BY id DESC", {"tenant": tenant_id})
    return [_key(row) for row in rows]


def revoke(control: Database, actor: Actor, tenant_id: str, key_id: str) -> None:
    """Revoking twice is no error."""
    with control.transaction():
        row = control.one(
            "SELECT revoked_at FROM api_keys WHERE id = :id AND tenant_id = :tenant",
            {"id": key_id, "tenant": tenant_id},
        )
        if row is None:
            raise not_found("key")
        if row["revoked_at"] is None:
            control.update("api_keys", {"id": key_id}, revoked_at=clock.iso())
            audit.record(control, actor, "key.revoked", key_id, tenant_id)


def state(control: Database, tenant_id: str, key_id: str) -> str:
    """active, expired or revoked; revoked for a key that is gone."""
    where = {"id": key_id, "tenant": tenant_id}
    row = control.one("SELECT * FROM api_keys WHERE id = :id AND tenant_id = :tenant", where)
    return _key(row).state if row else "revoked"


def authenticate(control: Database, secret: str) -> ApiKey:
    """Raises Problem(unauthenticated) for a key that is unknown, revoked or expired."""
    row = control.one("SELECT * FROM api_keys WHERE digest = :digest", {"digest": crypto.digest(secret)})
    if row is None:
        raise Problem("unauthenticated", "This API key is not known here.")
    key = _key(row)
    if key.state != "active":
        raise Problem("unauthenticated", f"This API key is {key.state}. Make another one in the settings.")
    if key.used_at is None or key.used_at < clock.ahead(-TOUCH_SECONDS):
        control.update("api_keys", {"id": key.id}, used_at=clock.iso())
    return key


def _key(row: Row) -> ApiKey:
    return records.to(ApiKey, row, ("models",))
