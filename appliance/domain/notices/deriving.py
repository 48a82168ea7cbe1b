"""Committed events become notices exactly once: the rows and the number of the last event read commit together."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import approval_rows, events, records
from appliance.domain.events import Event
from appliance.domain.members import Member
from appliance.domain.notices import channels, quiet, rows, wishes, words
from appliance.domain.notices.channels import Channel
from appliance.domain.notices.kinds import EMAIL, URGENT
from appliance.domain.notices.rows import Content
from appliance.domain.notices.wish_forms import Wishes

BATCH = 200
CURSOR = "notice"
RESTORED = "notices_restored"
ASKED = ("requested", "reminded", "escalated", "handed_on", "assigned", "expiring")
HEARD = (*(f"approval.{what}" for what in ASKED), "task.in_review", "task.done", "task.blocked", "run.parked")
HEARD = (*HEARD, "instance.failed", *words.OF_MONEY)
STUCK = ("needs_input", "needs_decision", "capability")
_TASK = """SELECT t.*, a.name AS agent_name, COALESCE(r.state, '') AS run_state,
  COALESCE(r.failure_detail, '') AS failure_detail, i.id AS instance_id,
  EXISTS (SELECT 1 FROM approvals q WHERE q.task_id = t.id AND q.state = 'pending') AS asks
FROM tasks t LEFT JOIN agents a ON a.id = t.agent_id LEFT JOIN runs r ON r.id = t.run_id
LEFT JOIN instances i ON i.task_id = t.id WHERE t.id = :id"""


class Happening(NamedTuple):
    """`whose` holds the labels of those whom it is for; everybody else hears of it as one of `kind`."""

    content: Content
    kind: str
    whose: frozenset[str] = frozenset()
    as_whose: str = "mine"
    approval_id: str | None = None


class Desk(NamedTuple):
    """What is read once for many events. `email` says whether the box can send any."""

    members: list[Member]
    wishes: dict[str, Wishes]
    channels: dict[str, Channel]
    email: bool
    restored: int


def read(db: Database, people: Callable[[], list[Member]], email: bool) -> int:
    """Turn the next events into notices; how many events were read.

    `people` gives the members of the tenant. Of two processes that read at the same time one takes nothing.
    """
    at, last = _number(db, CURSOR), events.last(db)
    found = _heard(db, at, last)
    if not found:
        # Written seldom, so that busy work does not cost a commit each second.
        return _advance(db, at, last) if last - at > BATCH else 0
    last = found[-1].seq if len(found) == BATCH else last
    members = people()
    with db.transaction():
        if not _advance(db, at, last):
            return 0
        desk = _desk(db, members, email)
        for event in found:
            for row in _notices(db, desk, event):
                db.insert("notices", row)
    return last - at


def unread(db: Database) -> bool:
    """Whether anything has happened that people may have to be told."""
    return bool(_heard(db, _number(db, CURSOR), events.last(db)))


def skip_to_doubt(db: Database) -> None:
    """After a restore, in its transaction: what had happened by then may have been told of already."""
    db.upsert("counters", {"name": RESTORED, "value": events.last(db)}, ("name",))


def _number(db: Database, name: str) -> int:
    return int(db.value("SELECT value FROM counters WHERE name = :name", {"name": name}) or 0)


def _advance(db: Database, at: int, to: int) -> int:
    return db.update("counters", {"name": CURSOR, "value": at}, value=to) and to - at


def _heard(db: Database, after: int, last: int) -> list[Event]:
    names, params = records.named(list(HEARD))
    sql = f"""SELECT * FROM events WHERE seq > :after AND seq <= :last AND kind IN ({names})
      ORDER BY seq LIMIT {BATCH}"""
    return [records.to(Event, row, ("data",)) for row in db.rows(sql, params | {"after": after, "last": last})]


def _desk(db: Database, members: list[Member], email: bool) -> Desk:
    present = [one for one in members if not one.disabled]
    known = {one.id: one for one in channels.every(db)}
    return Desk(present, wishes.of_all(db, present), known, email, _number(db, RESTORED))


def _notices(db: Database, desk: Desk, event: Event) -> Iterator[Row]:
    told = happening(db, desk.members, event)
    if told is None:
        return
    about: Row = {"seq": event.seq, "approval_id": told.approval_id}
    if event.seq <= desk.restored:
        about |= {"state": "in_doubt", "detail": "From before a restore: it may have been sent already."}
    for channel in desk.channels.values():
        if channel.member == channels.TENANT and told.kind in channel.kinds:
            yield rows.draft(event.kind, told.kind, "", channel.id, channel.name, told.content, **about)
    for member in desk.members:
        if event.actor != member.actor.label:
            yield from _for(db, desk, member, told, event, about)


def _for(db: Database, desk: Desk, member: Member, told: Happening, event: Event, about: Row) -> Iterator[Row]:
    wanted = desk.wishes[member.id]
    kinds = [told.as_whose] if member.actor.label in told.whose else []
    kinds += [] if told.kind == "finished" else [told.kind]
    targets = {channel: kind for kind in reversed(kinds) for channel in wanted.kinds.get(kind, [])}
    for channel, kind in targets.items():
        target = _target(desk, member, channel)
        if target:
            held = about if "state" in about else about | hold(db, wanted, kind)
            yield rows.draft(event.kind, kind, member.id, channel, target, told.content, **held)


def hold(db: Database, wanted: Wishes, kind: str) -> Row:
    """What keeps a notice back during quiet hours; nothing at other times, and for what may pass."""
    if wanted.quiet is None or (wanted.urgent and kind in URGENT):
        return {}
    over = quiet.over_at(wanted.quiet, wishes.zone_of(db, wanted), clock.now())
    return {"state": "held", "due_at": clock.iso(over)} if over else {}


def _target(desk: Desk, member: Member, channel: str) -> str:
    if channel == EMAIL:
        return member.email if desk.email else ""
    found = desk.channels.get(channel)
    return found.name if found and found.member == member.id else ""


def happening(db: Database, members: list[Member], event: Event) -> Happening | None:
    """What an event means to people, and to whom; None when it means nothing any more."""
    if event.kind in words.OF_MONEY:
        return Happening(words.OF_MONEY[event.kind](event), "budget")
    if event.kind.startswith("approval."):
        return _asked(db, members, event)
    task = db.one(_TASK, {"id": event.task_id})
    if task is None or not _news(event, task):
        return None
    whose = frozenset([str(task["created_by"])])
    if event.kind == "task.done":
        return Happening(words.of_task(event, task), "finished", whose, "finished")
    if event.kind == "task.in_review":
        return Happening(words.of_task(event, task), "decisions", whose)
    return Happening(words.of_task(event, task), "failures")


def _news(event: Event, task: Row) -> bool:
    """Whether it is still so, and no other event tells of the same."""
    if event.kind == "task.blocked":
        stuck = task["state"] == "blocked" and event.data.get("reason") in STUCK
        return stuck and task["run_state"] != "parked" and not task["instance_id"] and not task["asks"]
    if event.kind == "run.parked":
        return bool(task["run_state"] == "parked" and not task["asks"])
    return event.kind == "instance.failed" or task["state"] == event.kind.removeprefix("task.")


def _asked(db: Database, members: list[Member], event: Event) -> Happening | None:
    found = approval_rows.get(db, event.data["approval_id"])
    if found.state != "pending":
        return None
    told = event.data.get("assigned_to", found.assigned_to)
    whose = [told]
    if event.kind == "approval.escalated" and not found.backup_to:
        whose = [one.actor.label for one in members if one.role in ("admin", "owner")]
    elif told is None:
        whose = [db.value("SELECT created_by FROM tasks WHERE id = :id", {"id": found.task_id})]
    kind = "budget" if found.kind == "budget" else "decisions"
    content = words.of_approval(db, event, found)
    return Happening(content, kind, frozenset(one for one in whose if one), approval_id=found.id)
