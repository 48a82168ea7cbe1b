"""Summaries: what quiet hours held back, as one, and what waits for a person, once a day."""

from collections.abc import Callable
from itertools import groupby

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import inbox
from appliance.domain.members import Member
from appliance.domain.notices import channels, rows, set_aside, wishes
from appliance.domain.notices.deriving import hold
from appliance.domain.notices.kinds import EMAIL
from appliance.domain.notices.rows import Content, Line, Notice

SHOWN = 20
BATCH = 500


def fold(db: Database) -> int:
    """Quiet hours are over: what was held goes out, several to the same place as one; how many there were."""
    now = clock.iso()
    sql = f"""SELECT * FROM notices WHERE state = 'held' AND due_at <= :now
      ORDER BY member, channel, id LIMIT {BATCH}"""
    if not db.rows(sql, {"now": now}):
        return 0
    with db.transaction():
        set_aside.drop_decided(db)
        found = [rows.notice(row) for row in db.rows(sql, {"now": now})]
        for _, held in groupby(found, lambda one: (one.member, one.channel)):
            _fold(db, list(held), now)
    return len(found)


def _fold(db: Database, held: list[Notice], now: str) -> None:
    if len(held) == 1:
        db.update("notices", {"id": held[0].id}, state="queued", due_at=now)
        return
    first = held[0]
    lines = [Line(one.content.title, one.content.path, one.kind) for one in held[:SHOWN]]
    title = f"{len(held)} things happened during your quiet hours"
    content = Content(title, lines=lines, more=len(held) - len(lines), path="/inbox")
    made = rows.draft("digest.quiet", "digest", first.member, first.channel, first.target, content)
    db.insert("notices", made)
    for one in held:
        db.update("notices", {"id": one.id}, state="folded", digest_id=made["id"], settled_at=now)


def daily(db: Database, people: Callable[[], list[Member]], email: bool) -> int:
    """Write the daily summaries that are due, each with the moment of its next one; how many."""
    due = "SELECT member FROM notice_wishes WHERE digest_due <= :now"
    if not db.rows(due, {"now": clock.iso()}):
        return 0
    members = {one.id: one for one in people()}
    with db.transaction():
        found = [row["member"] for row in db.rows(due, {"now": clock.iso()})]
        return sum(_daily(db, member, members.get(member), email) for member in found)


def _daily(db: Database, member_id: str, member: Member | None, email: bool) -> int:
    if member is None or member.disabled:
        db.update("notice_wishes", {"member": member_id}, digest_due=None)
        return 0
    wanted = wishes.of(db, member)
    db.update("notice_wishes", {"member": member_id}, digest_due=wishes.next_digest(db, wanted))
    content = _waiting(db, member)
    made: list[Row] = []
    known = {one.id: one.name for one in channels.of(db, member.id)} | ({EMAIL: member.email} if email else {})
    for channel in wanted.kinds.get("digest", []) if content else []:
        if channel in known and content:
            held = hold(db, wanted, "digest")
            made.append(rows.draft("digest.daily", "digest", member.id, channel, known[channel], content, **held))
    for row in made:
        db.insert("notices", row)
    return len(made)


def _waiting(db: Database, member: Member) -> Content | None:
    """None when nothing waits: an empty summary tells nobody anything."""
    wanted = inbox.Filter(viewer=member.actor.label)
    total = inbox.total(db, wanted)
    if not total:
        return None
    found = inbox.items(db, wanted, limit=SHOWN).items
    lines = [Line(one.title, one.path, one.kind) for one in found]
    things = "1 thing waits" if total == 1 else f"{total} things wait"
    return Content(f"{things} for a decision", lines=lines, more=total - len(lines), path="/inbox")
