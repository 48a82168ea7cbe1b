"""API keys: `ahq_…` secrets of which only the digest is stored."""

import msgspec

from appliance import clock, crypto, ids
from appliance.db.database import Database, Row
from appliance.domain import audit, budgets, records
from appliance.domain.actor import ROLES, Actor, Role
from appliance.errors import Problem, invalid, not_found

PREFIX = "ahq_"
TOUCH_SECONDS = 60


class ApiKey(msgspec.Struct, frozen=True):
    """`hint` is the beginning of the secret; `budget_nano` is for the key's whole life."""

    id: str
    tenant_id: str
    name: str
    hint: str
    role: Role
    agent_id: str | None
    gateway_only: bool
    budget_nano: int | None
    created_by: str
    created_at: str
    expires_at: str | None
    used_at: str | None
    revoked_at: str | None

    @property
    def actor(self) -> Actor:
        """A key made for an agent acts as that agent, so that it can't approve what the agent asked."""
        if self.agent_id:
            return Actor("agent", self.agent_id, self.name, self.role)
        return Actor("key", self.id, self.name, self.role)

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= clock.iso() else "active"


class IssuedKey(ApiKey, frozen=True, kw_only=True):
    """The only time the secret is seen."""

    secret: str


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expires` is an ISO-8601 time or a number of days such as `90d`."""

    name: str
    role: Role = "operator"
    gateway_only: bool = False
    expires: str | None = None
    budget_usd: str | float | int | None = None


def create(control: Database, actor: Actor, tenant_id: str, new: NewKey) -> IssuedKey:
    """Raises Problem(invalid), and Problem(forbidden) for a role above the actor's."""
    if not new.name.strip():
        raise invalid(name="give the key a name")
    if ROLES.index(new.role) > ROLES.index(actor.role):
        raise Problem("forbidden", f"You are {actor.role} and can't make a key with the role {new.role}.")
    secret = ids.token(PREFIX)
    row: Row = {"id": ids.new(), "tenant_id": tenant_id, "name": new.name.strip(), "hint": secret[:8]}
    row |= {"role": new.role, "agent_id": None, "gateway_only": new.gateway_only}
    row |= {"created_by": actor.label, "created_at": clock.iso(), "expires_at": _expiry(new.expires)}
    row |= {"budget_nano": None if new.budget_usd is None else budgets.nano(new.budget_usd, "budget_usd")}
    with control.transaction():
        control.insert("api_keys", row | {"digest": crypto.digest(secret)})
        audit.record(control, actor, "key.created", f"{row['id']} {row['name']} {new.role}", tenant_id)
    return records.to(IssuedKey, row | {"used_at": None, "revoked_at": None, "secret": secret})


def every(control: Database, tenant_id: str) -> list[ApiKey]:
    """Newest first, revoked ones too."""
    rows = control.rows("SELECT * FROM api_keys WHERE tenant_id = :tenant ORDER BY id DESC", {"tenant": tenant_id})
    return [records.to(ApiKey, row) for row in rows]


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


def authenticate(control: Database, secret: str) -> ApiKey:
    """Raises Problem(unauthenticated) for a key that is unknown, revoked or expired."""
    row = control.one("SELECT * FROM api_keys WHERE digest = :digest", {"digest": crypto.digest(secret)})
    if row is None:
        raise Problem("unauthenticated", "This API key is not known here.")
    key = records.to(ApiKey, row)
    if key.state != "active":
        raise Problem("unauthenticated", f"This API key is {key.state}. Make another one in the settings.")
    if key.used_at is None or key.used_at < clock.ahead(-TOUCH_SECONDS):
        control.update("api_keys", {"id": key.id}, used_at=clock.iso())
    return key


def _expiry(text: str | None) -> str | None:
    if not text:
        return None
    try:
        at = clock.ahead(int(text[:-1]) * 86400) if text.endswith("d") else clock.iso(clock.parse(text))
    except (ValueError, OverflowError):
        raise invalid(expires="take a time such as 2027-01-31 or a number of days such as 90d") from None
    if at <= clock.iso():
        raise invalid(expires="lies in the past")
    return at
