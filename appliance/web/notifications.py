"""Notifications of the signed-in person: what they hear of, where, when not, and while they are away."""

from typing import Any, NamedTuple

from litestar import Controller, get, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import absences, members, preferences
from appliance.domain.members import Member
from appliance.domain.notices import channels, lists, rows, set_aside, wishes
from appliance.domain.notices.channels import Made, NewChannel
from appliance.domain.notices.kinds import EMAIL, KINDS
from appliance.domain.notices.quiet import DAYS, Quiet
from appliance.domain.notices.wish_forms import WishesChange
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.access import services_of
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services
from appliance.web.settings import room

Id = FromPath[str]
HERE = "settings/notifications"
ANYBODY = {"role": "viewer"}
SHOWN = 10
WEEK = {"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday"}
WEEK |= {"fri": "Friday", "sat": "Saturday", "sun": "Sunday"}


class Place(NamedTuple):
    """Where notices can go: e-mail, or a channel."""

    id: str
    name: str
    note: str
    usable: bool = True


class NotificationsPages(Controller):
    path = "/settings/notifications"
    opt = ANYBODY

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, control: Database, member: Member) -> Reply:
        return page(frame, db, control, member)

    @post("/", sync_to_thread=True)
    def save(self, frame: Frame, db: Database, control: Database, member: Member, data: Fields) -> Reply:
        try:
            wishes.change(db, member.actor, member, _wanted(db, member, data))
        except Problem as problem:
            return page(frame, db, control, member, problem, data)
        return _back(frame, "Saved.")

    @post("/channels", sync_to_thread=True)
    def add(
        self, frame: Frame, db: Database, control: Database, services: Services, member: Member, data: Fields
    ) -> Reply:
        try:
            made = channels.add(db, member.actor, services.vault, member.id, new_channel(data))
        except Problem as problem:
            return page(frame, db, control, member, problem, data)
        return added(frame, made, HERE)

    @post("/channels/{channel_id:str}/remove", sync_to_thread=True)
    def remove(self, frame: Frame, db: Database, member: Member, channel_id: Id) -> Reply:
        channels.remove(db, member.actor, channel_id, member.id)
        return _back(frame, "The channel was removed.")

    @post("/test/{channel_id:str}", sync_to_thread=True)
    def test(
        self, frame: Frame, db: Database, services: Services, tenant: Tenant, member: Member, channel_id: Id
    ) -> Reply:
        name = member.email if channel_id == EMAIL else channels.get(db, channel_id, member.id).name
        sent = services.post.test(db, member.actor, tenant, member.id, channel_id, name)
        return tested(frame, sent, HERE)

    @post("/away", sync_to_thread=True)
    def away(self, frame: Frame, db: Database, control: Database, member: Member, data: Fields) -> Reply:
        try:
            absences.go(db, member.actor, member.actor.label, data.get("until", ""), data.get("stand_in") or None)
        except Problem as problem:
            return page(frame, db, control, member, problem, data)
        return _back(frame, "What is for you goes to somebody else until then.")

    @post("/back", sync_to_thread=True)
    def back(self, frame: Frame, db: Database, member: Member) -> Reply:
        absences.come_back(db, member.actor, member.actor.label)
        return _back(frame, "Welcome back. What is asked from now on comes to you.")

    @post("/deliveries/{notice_id:str}/retry", sync_to_thread=True)
    def retry(self, frame: Frame, db: Database, member: Member, notice_id: Id) -> Reply:
        set_aside.retry(db, member.actor, notice_id, member.id)
        return _back(frame, "It is sent again.")

    @post("/deliveries/{notice_id:str}/drop", sync_to_thread=True)
    def drop(self, frame: Frame, db: Database, member: Member, notice_id: Id) -> Reply:
        set_aside.drop(db, member.actor, notice_id, member.id)
        return _back(frame, "It is not sent.")


def page(
    frame: Frame,
    db: Database,
    control: Database,
    member: Member,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Reply:
    email = services_of(frame.request).post.email
    mine = channels.of(db, member.id)
    places = [Place(EMAIL, "E-mail", member.email, email), *(Place(one.id, one.name, one.kind) for one in mine)]
    others = [(one.actor.label, one.name) for one in members.every(control, frame.tenant.id) if one.id != member.id]
    shown: dict[str, Any] = {"wishes": wishes.of(db, member), "kinds": KINDS, "places": places, "week": WEEK}
    shown |= {"mine": mine, "away": absences.of(db, member.actor.label), "others": others}
    shown |= {"deliveries": lists.listing(db, member.id, limit=SHOWN).items, "names": dict(others)}
    shown |= {"zone": preferences.zone(db).key, "email": email}
    return room(frame, "notifications", problem, typed, **shown)


def added(frame: Frame, made: Made, where: str) -> Reply:
    """A webhook's secret is shown once; ntfy has none that we made."""
    if made.secret:
        return respond.page(frame, "settings/channel.html", channel=made.channel, secret=made.secret, where=where)
    return respond.redirect(f"{frame.base}/{where}", f"{made.channel.name} was added.")


def tested(frame: Frame, sent: rows.Notice, where: str) -> Reply:
    if sent.state == "sent":
        return respond.redirect(f"{frame.base}/{where}", f"A test went to {sent.target}. {sent.detail}")
    return respond.redirect(f"{frame.base}/{where}", f"The test did not arrive: {sent.detail}", "bad")


def new_channel(data: dict[str, str]) -> NewChannel:
    """From a form, where each kind is a field of its own."""
    kinds = [name.removeprefix("on.") for name in data if name.startswith("on.")]
    fields = {name: value for name, value in data.items() if not name.startswith("on.")}
    return respond.form(NewChannel, fields | ({"kinds": kinds} if kinds else {}))


def _wanted(db: Database, member: Member, data: dict[str, str]) -> WishesChange:
    """The table of ticks, named kind and place, and the quiet hours."""
    known = [EMAIL, *(one.id for one in channels.of(db, member.id))]
    kinds = {kind: [one for one in known if f"on.{kind}.{one}" in data] for kind in KINDS}
    days = [day for day in DAYS if f"day.{day}" in data]
    quiet = Quiet(data.get("starts", ""), data.get("ends", ""), days) if "quiet" in data else None
    digest = data.get("digest_at") or "08:00"
    return WishesChange(kinds, quiet, data.get("zone", ""), "urgent" in data, digest)


def _back(frame: Frame, said: str) -> Reply:
    return respond.redirect(f"{frame.base}/{HERE}", said)


PAGES = [NotificationsPages]
API: list[Any] = []
