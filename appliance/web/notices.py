"""Notices over HTTP: what one hears of, channels, being away, and what became of each notice."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import absences, members
from appliance.domain.absences import Absence
from appliance.domain.actor import ROLES
from appliance.domain.members import Member
from appliance.domain.notices import channels, lists, set_aside, wishes
from appliance.domain.notices.channels import NewChannel
from appliance.domain.notices.kinds import EMAIL
from appliance.domain.notices.rows import Notice
from appliance.domain.notices.wish_forms import Wishes, WishesChange
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.access import Asker
from appliance.web.approvals_api import State
from appliance.web.idempotency import Once
from appliance.web.respond import Reply
from appliance.web.services import Services

Id = FromPath[str]
ANYBODY = {"role": "viewer"}
PERSON = {"role": "viewer", "person": True}


class Away(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`until` is a date or a time; `stand_in` the e-mail address of another member."""

    until: str
    stand_in: str = ""


class NoticesApi(Controller):
    path = "/notices"
    tags = ["notices"]
    opt = ANYBODY

    @get("/", sync_to_thread=True, summary="What was told to people, newest first; of all for admins, else your own")
    def listing(
        self,
        db: Database,
        asker: Asker,
        in_state: State = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> dict[str, Any]:
        """`state` is queued, held, sending, sent, failed, in_doubt, folded or dropped."""
        found = lists.listing(db, _whose(asker), in_state, respond.limit(limit), cursor)
        return {"items": found.items, "next_cursor": found.next_cursor, "counts": lists.counts(db, _whose(asker))}

    @post("/{notice_id:str}/retry", status_code=200, sync_to_thread=True, summary="Send one again that was given up")
    def retry(self, db: Database, asker: Asker, notice_id: Id) -> Notice:
        return set_aside.retry(db, asker.actor, notice_id, _whose(asker))

    @post("/{notice_id:str}/drop", status_code=200, sync_to_thread=True, summary="Leave one unsent")
    def drop(self, db: Database, asker: Asker, notice_id: Id) -> Notice:
        return set_aside.drop(db, asker.actor, notice_id, _whose(asker))

    @get("/wishes", opt=PERSON, sync_to_thread=True, summary="What you hear of, where, and when not")
    def wishes(self, db: Database, member: Member) -> Wishes:
        return wishes.of(db, member)

    @patch("/wishes", opt=PERSON, sync_to_thread=True, summary="Change it; what is left out stays")
    def change(self, db: Database, member: Member, data: WishesChange) -> Wishes:
        return wishes.change(db, member.actor, member, data)

    @put("/absence", opt=PERSON, sync_to_thread=True, summary="Be away: what is for you goes to somebody else at once")
    def go(self, db: Database, control: Database, tenant: Tenant, member: Member, data: Away) -> Absence:
        found = [one for one in members.every(control, tenant.id) if one.email == data.stand_in]
        if data.stand_in and not found:
            raise Problem("invalid", "There is no such member.", errors={"stand_in": "is not a member"})
        stand_in = found[0].actor.label if found else None
        return absences.go(db, member.actor, member.actor.label, data.until, stand_in)

    @delete("/absence", opt=PERSON, sync_to_thread=True, summary="Be back")
    def back(self, db: Database, member: Member) -> None:
        absences.come_back(db, member.actor, member.actor.label)


class ChannelsApi(Controller):
    path = "/notices/channels"
    tags = ["notices"]
    opt = ANYBODY

    @get("/", sync_to_thread=True, summary="Channels: your own, or with ?common=true the tenant's")
    def listing(self, db: Database, asker: Asker, common: FromQuery[bool] = False) -> dict[str, Any]:
        return {"items": channels.of(db, _owner(asker, common)), "next_cursor": None}

    @post("/", sync_to_thread=True, summary="Add a channel; a webhook's secret is answered once")
    def add(
        self,
        db: Database,
        services: Services,
        asker: Asker,
        once: Once,
        data: NewChannel,
        common: FromQuery[bool] = False,
    ) -> Reply:
        def make() -> dict[str, Any]:
            made = channels.add(db, asker.actor, services.vault, _owner(asker, common), data)
            return msgspec.to_builtins(made.channel) | {"secret": made.secret}  # type: ignore[no-any-return]

        return once.created(make, _without_secret)

    @delete("/{channel_id:str}", sync_to_thread=True, summary="Remove a channel")
    def remove(self, db: Database, asker: Asker, channel_id: Id, common: FromQuery[bool] = False) -> None:
        channels.remove(db, asker.actor, channel_id, _owner(asker, common))

    @post("/{channel_id:str}/test", status_code=200, sync_to_thread=True, summary="Send a test there now")
    def test(
        self,
        db: Database,
        services: Services,
        tenant: Tenant,
        asker: Asker,
        channel_id: Id,
        common: FromQuery[bool] = False,
    ) -> Notice:
        """`channel_id` is that of a channel, or email."""
        owner = _owner(asker, common)
        name = asker.member.email if asker.member and channel_id == EMAIL and not common else ""
        name = name or channels.get(db, channel_id, owner).name
        return services.post.test(db, asker.actor, tenant, owner, channel_id, name)


def _without_secret(made: dict[str, Any]) -> dict[str, Any]:
    return made | {"secret": ""}


def _whose(asker: Asker) -> str | None:
    """An admin sees everybody's; a key that is none sees nobody's."""
    if ROLES.index(asker.actor.role) >= ROLES.index("admin"):
        return None
    return asker.member.id if asker.member else asker.actor.label


def _owner(asker: Asker, common: bool) -> str:
    if common:
        asker.actor.need("admin")
        return channels.TENANT
    if asker.member is None:
        raise Problem("forbidden", "Only a signed-in person has channels of their own; add ?common=true.")
    return asker.member.id


PAGES: list[Any] = []
API = [NoticesApi, ChannelsApi]
