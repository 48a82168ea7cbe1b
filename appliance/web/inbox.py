"""The inbox: everything that waits for a person, decided where it is listed."""

from typing import Any, NamedTuple

import msgspec
from litestar import Controller, get
from litestar.params import FromQuery

from appliance.db.database import Database
from appliance.domain import approvals, inbox
from appliance.domain.actor import Actor
from appliance.domain.inbox import Item
from appliance.web import approval_shape, money, respond
from appliance.web.approval_shape import Card
from appliance.web.frame import Frame
from appliance.web.respond import Reply

PAGE = 25


class Line(NamedTuple):
    """An entry: an approval has its `card`, the rest is decided on the task."""

    item: Item
    kind: str
    href: str
    card: Card | None


class InboxPages(Controller):
    path = "/inbox"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, control: Database, actor: Actor, cursor: FromQuery[str] = "") -> Reply:
        page = inbox.items(db, PAGE, cursor)
        names = approval_shape.people(control, frame.tenant.id)
        lines = [_line(db, frame, actor, item, names) for item in page.items]
        next_href = f"{frame.base}/inbox?cursor={page.next_cursor}" if page.next_cursor else ""
        context: dict[str, Any] = {"counts": inbox.counts(db), "kinds": approval_shape.KINDS}
        return respond.page(frame, "approvals/index.html", lines=lines, next_href=next_href, back="inbox", **context)

    @get("/count", sync_to_thread=True)
    def count(self, frame: Frame) -> Reply:
        """The number beside the room's name, for live pages."""
        return respond.plain(frame.request, "approvals/_count.html", frame=frame)


class InboxApi(Controller):
    path = "/inbox"
    tags = ["approvals"]

    @get("/", sync_to_thread=True, summary="Everything that waits for a person, the most urgent first")
    def listing(self, db: Database, cursor: FromQuery[str] = "", limit: FromQuery[int] = 50) -> dict[str, Any]:
        """Approvals of every kind, work in review, stuck tasks and parked runs; `counts` is of all, by kind."""
        found = inbox.items(db, respond.limit(limit), cursor)
        items = money.with_usd(msgspec.to_builtins(found.items))
        return {"items": items, "next_cursor": found.next_cursor, "counts": inbox.counts(db)}


def _line(db: Database, frame: Frame, actor: Actor, item: Item, names: dict[str, str]) -> Line:
    kind = approval_shape.KINDS[item.kind]
    if item.asked:
        card = approval_shape.card(db, frame, actor, approvals.get(db, item.id), names)
        return Line(item, kind, card.href, card)
    return Line(item, kind, frame.base + item.path, None)


PAGES = [InboxPages]
API = [InboxApi]
