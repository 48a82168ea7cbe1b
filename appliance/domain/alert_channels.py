"""Where alerts of the box go: a signed webhook, an e-mail address, or an ntfy topic."""

from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from appliance import clock, ids
from appliance.crypto import Vault
from appliance.db.database import Database, Row
from appliance.domain import audit, box_secrets, records
from appliance.domain.actor import Actor
from appliance.domain.notices import channels
from appliance.errors import Problem, invalid, not_found

Kind = Literal["webhook", "email", "ntfy"]
LIMIT = 20


class AlertChannel(msgspec.Struct, frozen=True):
    """`url` is an address of the web, or of e-mail for the kind email."""

    id: str
    kind: Kind
    name: str
    url: str
    topic: str
    secret_hint: str
    created_by: str
    created_at: str


class NewAlertChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook's `secret` signs what is sent (whsec_ and base64; made when left out); ntfy's is an access token."""

    kind: Kind
    url: str
    name: str = ""
    topic: str = ""
    secret: str = ""


class Made(NamedTuple):
    """`secret` is a webhook's, to be shown once."""

    channel: AlertChannel
    secret: str


def every(control: Database) -> list[AlertChannel]:
    return [records.to(AlertChannel, row) for row in control.rows("SELECT * FROM alert_channels ORDER BY name, id")]


def get(control: Database, channel_id: str) -> AlertChannel:
    """Raises Problem(not_found)."""
    row = control.one("SELECT * FROM alert_channels WHERE id = :id", {"id": channel_id})
    if row is None:
        raise not_found("channel")
    return records.to(AlertChannel, row)


def add(control: Database, actor: Actor, vault: Vault, new: NewAlertChannel) -> Made:
    """Raises Problem(invalid), Problem(conflict)."""
    if new.kind == "email":
        url, usual, secret = _mail_address(new.url), new.url.strip(), ""
    else:
        url, secret = channels.web_address(new.url), channels.secret_of(new.kind, new.secret)
        usual = f"ntfy {new.topic}" if new.kind == "ntfy" else str(urlsplit(url).hostname)
    row: Row = {"id": ids.new(), "kind": new.kind, "name": channels.named(new.name, usual), "url": url}
    row |= {"topic": channels.topic_of(new.kind, new.topic), "secret": "", "secret_hint": secret[-4:]}
    row |= {"created_by": actor.label, "created_at": clock.iso()}
    with control.transaction():
        if len(every(control)) >= LIMIT:
            raise Problem("conflict", f"There are {LIMIT} channels already. Remove one first.")
        if secret:
            row["secret"] = box_secrets.seal(control, vault, _address(row["id"]), secret)
        control.insert("alert_channels", row)
        audit.record(control, actor, "alert_channel.added", row["name"])
    return Made(get(control, row["id"]), secret if new.kind == "webhook" else "")


def remove(control: Database, actor: Actor, channel_id: str) -> None:
    """What waits to go there is not sent any more. Raises Problem(not_found)."""
    with control.transaction():
        found = get(control, channel_id)
        control.delete("alert_letters", channel_id=found.id)
        control.delete("alert_channels", id=found.id)
        audit.record(control, actor, "alert_channel.removed", found.name)


def opened(control: Database, vault: Vault, channel_id: str) -> str:
    """The secret, for the wire only; "" where there is none. Raises Problem(locked)."""
    sealed = control.value("SELECT secret FROM alert_channels WHERE id = :id", {"id": channel_id})
    return box_secrets.opened(vault, _address(channel_id), sealed or "")


def _address(channel_id: str) -> str:
    return f"alert_channels|{channel_id}|secret|1"


def _mail_address(text: str) -> str:
    address = text.strip()
    name, at, host = address.rpartition("@")
    if not (name and at and host) or " " in address or not address.isprintable() or len(address) > 254:
        raise invalid(url="give an e-mail address")
    return address
