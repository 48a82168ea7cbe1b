"""The inbox: everything that waits for a person, decided where it is listed; and what was decided last."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromQuery

from appliance.db.database import Database
from appliance.domain import approvals, inbox, preferences, snoozes
from appliance.domain.actor import Actor
from appliance.domain.inbox import Filter, Item
from appliance.domain.members import Member
from appliance.web import approval_shape, money, respond
from appliance.web.approval_shape import Card
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply

PAGE = 25
GROUPS = {
    "": "All",
    "decisions": "Decisions",
    "questions": "Questions",
    "failures": "Failures",
    "budget": "Budget",
    "doubt": "In doubt",
    "reviews": "Reviews",
}
WHOSE = {"": "Everybody’s", "mine": "Mine", "backup": "I am the backup", "nobody": "Nobody’s"}
ANYBODY = {"role": "viewer"}
PERSON = {"role": "viewer", "person": True}


class Line(NamedTuple):
    """An entry: an approval has its `card`, the rest is decided on the task."""

    item: Item
    kind: str
    href: str
    card: Card | None
    snoozable: bool


class Tab(NamedTuple):
    name: str
    href: str
    current: bool
    waiting: int | None


class Snooze(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`ids` are those of failures; `until` is 1h, 4h, tomorrow, week or a time."""

    ids: list[str]
    until: str


class InboxPages(Controller):
    path = "/inbox"

    @get("/", sync_to_thread=True)
    def index(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        actor: Actor,
        group: FromQuery[str] = "",
        whose: FromQuery[str] = "",
        q: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Reply:
        wanted = Filter(actor.label, group, whose, q)
        page = inbox.items(db, wanted, limit=PAGE, cursor=cursor)
        names = approval_shape.people(control, frame.tenant.id)
        lines = [_line(db, frame, actor, item, names) for item in page.items]
        more = _href(frame, wanted, cursor=page.next_cursor) if page.next_cursor else ""
        tabs: dict[str, Any] = {"groups": _groups(db, frame, wanted), "whose": _whose(db, frame, wanted)}
        context: dict[str, Any] = {"wanted": wanted, "asleep": snoozes.count(db, actor.label), "until": snoozes.UNTIL}
        return respond.page(
            frame, "approvals/index.html", lines=lines, next_href=more, back="inbox", names=names, **tabs, **context
        )

    @get("/decided", sync_to_thread=True)
    def decided(self, frame: Frame, db: Database, actor: Actor, cursor: FromQuery[str] = "") -> Reply:
        page = approvals.decided(db, PAGE, cursor)
        more = f"{frame.base}/inbox/decided?{urlencode({'cursor': page.next_cursor})}" if page.next_cursor else ""
        rows = [(one, approval_shape.verdict(one)) for one in page.items]
        groups = _groups(db, frame, Filter(actor.label), decided=True)
        kinds = approval_shape.KINDS
        return respond.page(frame, "approvals/decided.html", rows=rows, next_href=more, groups=groups, kinds=kinds)

    @post("/snooze", opt=ANYBODY, sync_to_thread=True)
    def snooze(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        chosen = [name.removeprefix("item.") for name in data if name.startswith("item.")]
        if not chosen:
            return respond.redirect(f"{frame.base}/inbox?group=failures", "Tick what to put off first.", "warn")
        hidden = snoozes.put_off(db, actor, chosen, data.get("until", ""), preferences.zone(db).key)
        return respond.redirect(f"{frame.base}/inbox?group=failures", f"{hidden} put off; others still see them.")

    @post("/wake", opt=ANYBODY, sync_to_thread=True)
    def wake(self, frame: Frame, db: Database, actor: Actor) -> Reply:
        snoozes.wake(db, actor)
        return respond.redirect(f"{frame.base}/inbox?group=failures", "Everything is shown again.")

    @get("/count", sync_to_thread=True)
    def count(self, frame: Frame) -> Reply:
        """The number beside the room's name, for live pages."""
        return respond.plain(frame.request, "approvals/_count.html", frame=frame)


class InboxApi(Controller):
    path = "/inbox"
    tags = ["approvals"]

    @get("/", sync_to_thread=True, summary="Everything that waits for a person, the most urgent first")
    def listing(
        self,
        db: Database,
        actor: Actor,
        group: FromQuery[str] = "",
        whose: FromQuery[str] = "",
        q: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> dict[str, Any]:
        """Approvals of every kind, work in review, stuck tasks and parked runs; `counts` is of all, by kind.

        `group` is decisions, questions, failures, budget, doubt or reviews; `whose` is mine, backup or nobody.
        """
        wanted = Filter(actor.label, group, whose, q)
        found = inbox.items(db, wanted, limit=respond.limit(limit), cursor=cursor)
        items = money.with_usd(msgspec.to_builtins(found.items))
        counts = inbox.counts(db, Filter(actor.label))
        return {"items": items, "next_cursor": found.next_cursor, "counts": counts}

    @get("/decided", sync_to_thread=True, summary="What was decided and by whom, the last first")
    def decided(self, db: Database, cursor: FromQuery[str] = "", limit: FromQuery[int] = 50) -> dict[str, Any]:
        found = approvals.decided(db, respond.limit(limit), cursor)
        return {"items": [approval_shape.as_json(one) for one in found.items], "next_cursor": found.next_cursor}

    @post("/snooze", opt=PERSON, status_code=200, sync_to_thread=True, summary="Put failures off, for yourself")
    def snooze(self, db: Database, member: Member, data: Snooze) -> dict[str, int]:
        hidden = snoozes.put_off(db, member.actor, data.ids, data.until, preferences.zone(db).key)
        return {"hidden": hidden}

    @delete("/snooze", opt=PERSON, status_code=200, sync_to_thread=True, summary="Show again what you have put off")
    def wake(self, db: Database, member: Member) -> dict[str, int]:
        return {"shown": snoozes.wake(db, member.actor)}


def _line(db: Database, frame: Frame, actor: Actor, item: Item, names: dict[str, str]) -> Line:
    kind = approval_shape.KINDS[item.kind]
    href = frame.base + item.path
    if item.asked:
        return Line(item, kind, href, approval_shape.card(db, frame, actor, approvals.get(db, item.id), names), False)
    return Line(item, kind, href, None, item.kind in inbox.SNOOZABLE)


def _groups(db: Database, frame: Frame, wanted: Filter, decided: bool = False) -> list[Tab]:
    counted = inbox.counts(db, msgspec.structs.replace(wanted, group=""))
    sums = {"": sum(counted.values())} | inbox.of_groups(counted)
    tabs = [
        Tab(label, _href(frame, wanted, group=group), group == wanted.group and not decided, sums[group])
        for group, label in GROUPS.items()
        if sums[group] or group in ("", wanted.group)
    ]
    return [*tabs, Tab("Decided", f"{frame.base}/inbox/decided", decided, None)]


def _whose(db: Database, frame: Frame, wanted: Filter) -> list[Tab]:
    sums = {"": None} | inbox.of_whose(db, wanted)
    return [
        Tab(label, _href(frame, wanted, whose=whose), whose == wanted.whose, sums[whose])
        for whose, label in WHOSE.items()
    ]


def _href(frame: Frame, wanted: Filter, **changed: str) -> str:
    parts = {"group": wanted.group, "whose": wanted.whose, "q": wanted.q} | changed
    query = urlencode({name: text for name, text in parts.items() if text})
    return f"{frame.base}/inbox" + (f"?{query}" if query else "")


PAGES = [InboxPages]
API = [InboxApi]
