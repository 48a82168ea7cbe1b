"""A notice as it is stored in the outbox."""

from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.errors import not_found


class Line(msgspec.Struct, frozen=True):
    """An entry of a summary."""

    title: str
    path: str
    kind: str = ""


class Content(msgspec.Struct, frozen=True):
    """What is told; `path` leads there inside of the tenant. A summary has `lines` and is cut after them: `more`."""

    title: str
    text: str = ""
    facts: list[tuple[str, str]] = []
    path: str = ""
    lines: list[Line] = []
    more: int = 0
    about: dict[str, Any] = {}


class Notice(msgspec.Struct, frozen=True):
    """`seq` is the event's, 0 where a clock made it. `channel` is email or a channel's id, `target` what it is called.

    `attempts` counts how often sending began; with the id it is what a sender holds.
    """

    id: str
    seq: int
    event: str
    kind: str
    member: str
    channel: str
    target: str
    approval_id: str | None
    content: Content
    state: str
    attempts: int
    tries: int
    due_at: str
    detail: str
    digest_id: str | None
    created_at: str
    settled_at: str | None


def draft(event: str, kind: str, member: str, channel: str, target: str, content: Content, **more: Any) -> Row:
    """A row to insert: queued and due now, unless `more` says otherwise."""
    now = clock.iso()
    row: Row = {"id": ids.new(), "seq": 0, "event": event, "kind": kind, "member": member, "channel": channel}
    row |= {"target": target, "approval_id": None, "content": records.dump(content), "state": "queued"}
    return row | {"due_at": now, "detail": "", "created_at": now} | more


def notice(row: Row) -> Notice:
    return records.to(Notice, row, ("content",))


def get(db: Database, notice_id: str, member: str | None = None) -> Notice:
    """Raises Problem(not_found), also for a notice that is not `member`'s when one is given."""
    row = db.one("SELECT * FROM notices WHERE id = :id", {"id": notice_id})
    if row is None or member not in (None, row["member"]):
        raise not_found("notice")
    return notice(row)
