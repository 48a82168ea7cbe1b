"""Channels: where notices go beside e-mail, for one member or for the whole tenant; secrets are sealed."""

import base64
import binascii
import os
import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from appliance import clock, ids
from appliance.crypto import Vault
from appliance.db.database import Database, Row
from appliance.domain import events, records
from appliance.domain.actor import ROLES, Actor
from appliance.domain.notices.kinds import COMMON
from appliance.errors import Problem, invalid, not_found

Kind = Literal["webhook", "ntfy"]
TENANT = ""
LIMIT = 20
SECRET = "whsec_"
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Channel(msgspec.Struct, frozen=True):
    """`member` is "" for a channel of the tenant, which gets everything of its `kinds`. The secret is sealed."""

    id: str
    kind: Kind
    member: str
    name: str
    url: str
    topic: str
    secret_hint: str
    kinds: list[str]
    private: bool
    created_by: str
    created_at: str


class NewChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook's `secret` signs what is sent (whsec_ and base64; made when left out); ntfy's is an access token."""

    kind: Kind
    url: str
    name: str = ""
    topic: str = ""
    secret: str = ""
    kinds: list[str] = msgspec.field(default_factory=lambda: list(COMMON))


class Made(NamedTuple):
    """`secret` is a webhook's, to be shown once."""

    channel: Channel
    secret: str


def of(db: Database, member: str) -> list[Channel]:
    """Of one member, or with "" of the tenant."""
    rows = db.rows("SELECT * FROM notice_channels WHERE member = :member ORDER BY name, id", {"member": member})
    return [_channel(row) for row in rows]


def every(db: Database) -> list[Channel]:
    return [_channel(row) for row in db.rows("SELECT * FROM notice_channels ORDER BY member, name, id")]


def get(db: Database, channel_id: str, member: str | None = None) -> Channel:
    """Raises Problem(not_found), also for a channel that is not `member`'s when one is given."""
    row = db.one("SELECT * FROM notice_channels WHERE id = :id", {"id": channel_id})
    if row is None or member not in (None, row["member"]):
        raise not_found("channel")
    return _channel(row)


def add(db: Database, actor: Actor, vault: Vault, member: str, new: NewChannel) -> Made:
    """The tenant's is for an admin to add. Addresses that are not public are reached where an admin added the channel.

    Raises Problem(invalid), Problem(forbidden).
    """
    if member == TENANT:
        actor.need("admin")
    secret = secret_of(new.kind, new.secret)
    made: Row = {"id": ids.new(), "kind": new.kind, "member": member, "url": web_address(new.url)}
    made |= {"topic": topic_of(new.kind, new.topic)}
    made |= {"name": _name(new), "secret": "", "secret_hint": "", "generation": 1}
    if secret:
        made |= {"secret": vault.seal(db.name, _address(made["id"], 1), secret), "secret_hint": secret[-4:]}
    kinds = [kind for kind in COMMON if kind in new.kinds] if member == TENANT else []
    if member == TENANT and (not kinds or set(new.kinds) - set(COMMON)):
        raise invalid(kinds=f"take some of {', '.join(COMMON)}")
    now = clock.iso()
    made |= {"kinds": records.dump(kinds), "private": ROLES.index(actor.role) >= ROLES.index("admin")}
    made |= {"created_by": actor.label, "created_at": now, "updated_at": now}
    with db.transaction():
        if len(of(db, member)) >= LIMIT:
            raise Problem("conflict", f"There are {LIMIT} channels already. Remove one first.")
        db.insert("notice_channels", made)
        events.record(db, actor, "channel.added", channel_id=made["id"], name=made["name"])
    return Made(get(db, made["id"]), secret if new.kind == "webhook" else "")


def remove(db: Database, actor: Actor, channel_id: str, member: str) -> None:
    """What waits to go there is not sent any more. Raises Problem(not_found), Problem(forbidden)."""
    if member == TENANT:
        actor.need("admin")
    with db.transaction():
        found = get(db, channel_id, member)
        dropped = """UPDATE notices SET state = 'dropped', detail = 'The channel was removed.', settled_at = :now
          WHERE channel = :id AND state IN ('queued', 'held')"""
        db.execute(dropped, {"id": found.id, "now": clock.iso()})
        db.delete("notice_channels", id=found.id)
        events.record(db, actor, "channel.removed", channel_id=found.id, name=found.name)


def opened(db: Database, vault: Vault, channel_id: str) -> str:
    """The secret, for the wire only; "" where there is none."""
    row = db.one("SELECT secret, generation FROM notice_channels WHERE id = :id", {"id": channel_id})
    if row is None or not row["secret"]:
        return ""
    return vault.open(db.name, _address(channel_id, row["generation"]), row["secret"])


def _channel(row: Row) -> Channel:
    return records.to(Channel, row, ("kinds",))


def _address(channel_id: str, generation: int) -> str:
    return f"notice_channels|{channel_id}|secret|{generation}"


def web_address(text: str) -> str:
    url = text.strip()
    try:
        found = urlsplit(url)
        usable = found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
    except ValueError:
        found, usable = urlsplit(""), False
    if not usable or found.username or found.fragment or not url.isprintable() or " " in url:
        raise invalid(url="give an address that begins with https:// or http://, without a name and a password in it")
    return url


def _name(new: NewChannel) -> str:
    return named(new.name, f"ntfy {new.topic}" if new.kind == "ntfy" else str(urlsplit(new.url).hostname))


def named(given: str, usual: str) -> str:
    name = " ".join(given.split()) or usual
    if len(name) > 100:
        raise invalid(name="at most 100 characters")
    return name


def topic_of(kind: str, topic: str) -> str:
    if kind == "ntfy" and not TOPIC.fullmatch(topic):
        raise invalid(topic="up to 64 letters, digits, - and _")
    return topic if kind == "ntfy" else ""


def secret_of(kind: str, secret: str) -> str:
    """An access token for ntfy; for a webhook what signs, made when none is given."""
    given = secret.strip()
    if kind == "ntfy":
        return given
    if not given:
        return SECRET + base64.b64encode(os.urandom(32)).decode()
    try:
        key = base64.b64decode(given.removeprefix(SECRET), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not given.startswith(SECRET) or not 24 <= len(key) <= 64:
        raise invalid(secret="whsec_ and 24 to 64 bytes in base64; leave it out to have one made")
    return given
