"""Keys for the API of the box: `ahqb_…` secrets of which only the digest is stored.

Their holders act as owners of the box, but make no owners, people or keys: those would outlast the key.
"""

import msgspec

from appliance import clock, crypto, ids
from appliance.db.database import Database, Row
from appliance.domain import audit, key_forms, records
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid, not_found

PREFIX = "ahqb_"
TOUCH_SECONDS = 60
NAME_LIMIT = 80


class BoxKey(msgspec.Struct, frozen=True):
    id: str
    name: str
    hint: str
    created_by: str
    created_at: str
    expires_at: str | None
    used_at: str | None
    revoked_at: str | None

    @property
    def actor(self) -> Actor:
        return Actor("key", self.id, self.name, "owner")

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= clock.iso() else "active"


class NewBoxKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expires` is a time, or a number of days such as 90d; a key without lasts until it is revoked."""

    name: str
    expires: str | None = None


class IssuedBoxKey(BoxKey, frozen=True, kw_only=True):
    """The only time the secret is seen."""

    secret: str


def create(control: Database, actor: Actor, new: NewBoxKey) -> IssuedBoxKey:
    """Raises Problem(invalid), Problem(forbidden) for a key: revoking one would leave what it made."""
    actor.need("owner")
    actor.refuse_key("make a key of the box")
    name = new.name.strip()
    if not name or len(name) > NAME_LIMIT:
        raise invalid(name=f"say in 1 to {NAME_LIMIT} characters what the key is for")
    secret = ids.token(PREFIX)
    row: Row = {"id": ids.new(), "name": name, "hint": secret[:9], "created_by": actor.label}
    row |= {"created_at": clock.iso(), "expires_at": key_forms.expiry(new.expires)}
    with control.transaction():
        control.insert("box_keys", row | {"digest": crypto.digest(secret)})
        audit.record(control, actor, "box_key.created", f"{row['id']} {name}")
    return records.to(IssuedBoxKey, row | {"used_at": None, "revoked_at": None, "secret": secret})


def every(control: Database) -> list[BoxKey]:
    """Newest first, revoked ones too."""
    return [records.to(BoxKey, row) for row in control.rows("SELECT * FROM box_keys ORDER BY id DESC")]


def revoke(control: Database, actor: Actor, key_id: str) -> None:
    """Revoking twice is no error. Raises Problem(not_found)."""
    actor.need("owner")
    with control.transaction():
        row = control.one("SELECT * FROM box_keys WHERE id = :id", {"id": key_id})
        if row is None:
            raise not_found("key of the box")
        if row["revoked_at"] is None:
            control.update("box_keys", {"id": key_id}, revoked_at=clock.iso())
            audit.record(control, actor, "box_key.revoked", f"{key_id} {row['name']}")


def authenticate(control: Database, secret: str) -> BoxKey:
    """Raises Problem(unauthenticated) for a key that is unknown, revoked or expired."""
    row = control.one("SELECT * FROM box_keys WHERE digest = :digest", {"digest": crypto.digest(secret)})
    if row is None:
        raise Problem("unauthenticated", "This key of the box is not known here.")
    key = records.to(BoxKey, row)
    if key.state != "active":
        raise Problem("unauthenticated", f"This key of the box is {key.state}. Make another one.")
    if key.used_at is None or key.used_at < clock.ahead(-TOUCH_SECONDS):
        control.update("box_keys", {"id": key.id}, used_at=clock.iso())
    return key
