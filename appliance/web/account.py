"""A person's own account: password, second step, sessions, leaving the tenant. A tab of the settings, and the API."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath
from markupsafe import Markup

from appliance import crypto
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import members, passwords, sessions, totp, users
from appliance.domain.members import Member
from appliance.domain.sessions import Session
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond, session_words
from appliance.web.access import COOKIE, Ask
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services
from appliance.web.settings import room

# Open to a person who still owes the tenant a second step, too.
SELF = {"role": "viewer", "first_steps": True, "person": True}


class Seen(msgspec.Struct, frozen=True):
    """A session as its owner sees it; `name` is for ending it."""

    name: str
    device: str
    address: str
    created_at: str
    seen_at: str
    expires_at: str
    here: bool


class AccountPages(Controller):
    path = "/settings/account"
    opt = SELF

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, control: Database) -> Reply:
        return _page(frame, control)

    @post("/password", sync_to_thread=True)
    def password(self, frame: Frame, control: Database, member: Member, data: Fields) -> Reply:
        try:
            passwords.change(control, member.actor, member.id, data.get("current", ""), data.get("password", ""))
        except Problem as problem:
            return _page(frame, control, problem)
        return respond.redirect("/login?changed=1")

    @get("/totp", sync_to_thread=True)
    def set_up(self, frame: Frame, control: Database, services: Services) -> Reply:
        return _enrol(frame, control, services.vault)

    @post("/totp", sync_to_thread=True)
    def confirm(self, frame: Frame, control: Database, services: Services, member: Member, data: Fields) -> Reply:
        try:
            codes = totp.confirm(control, services.vault, member.actor, member.id, data.get("code", ""))
        except Problem as problem:
            return _enrol(frame, control, services.vault, problem)
        return respond.page(frame, "settings/recovery.html", codes=codes)

    @post("/totp/codes", sync_to_thread=True)
    def codes(self, frame: Frame, control: Database, services: Services, member: Member, data: Fields) -> Reply:
        try:
            codes = totp.renew_codes(control, services.vault, member.actor, member.id, data.get("code", ""))
        except Problem as problem:
            return _page(frame, control, problem)
        return respond.page(frame, "settings/recovery.html", codes=codes)

    @post("/totp/off", sync_to_thread=True)
    def turn_off(self, frame: Frame, control: Database, services: Services, member: Member, data: Fields) -> Reply:
        try:
            totp.turn_off(control, services.vault, member.actor, member.id, data.get("code", ""))
        except Problem as problem:
            return _page(frame, control, problem)
        return _back(frame, "Two-step sign-in is off.")

    @post("/sessions/{name:str}/end", sync_to_thread=True)
    def end_session(self, frame: Frame, control: Database, member: Member, name: FromPath[str]) -> Reply:
        sessions.revoke_one(control, member.actor, member.id, name)
        return _back(frame, "That session has ended.")

    @post("/sessions/end-others", sync_to_thread=True)
    def end_others(self, frame: Frame, request: Ask, control: Database, member: Member) -> Reply:
        ended = sessions.revoke_others(control, member.actor, member.id, request.cookies.get(COOKIE, ""))
        return _back(frame, f"Other sessions ended: {ended}.")

    @post("/leave", sync_to_thread=True)
    def leave(self, frame: Frame, control: Database, member: Member, tenant: Tenant) -> Reply:
        try:
            members.leave(control, member.actor, tenant.id, member.id)
        except Problem as problem:
            return _page(frame, control, problem)
        return respond.redirect("/", f"You have left {tenant.name}.")


class AccountApi(Controller):
    path = "/account"
    tags = ["people"]
    opt = SELF

    @get("/sessions", sync_to_thread=True, summary="Your own sessions, the last used first")
    def listing(self, request: Ask, control: Database, member: Member) -> dict[str, Any]:
        return {"items": _sessions(request, control, member.id), "next_cursor": None}

    @delete("/sessions/{name:str}", sync_to_thread=True, summary="End one of your sessions")
    def end(self, control: Database, member: Member, name: FromPath[str]) -> None:
        sessions.revoke_one(control, member.actor, member.id, name)

    @post("/sessions/end-others", status_code=200, sync_to_thread=True, summary="End all your sessions but this one")
    def end_others(self, request: Ask, control: Database, member: Member) -> dict[str, int]:
        return {"ended": sessions.revoke_others(control, member.actor, member.id, request.cookies.get(COOKIE, ""))}

    @post("/leave", sync_to_thread=True, status_code=204, summary="Leave the tenant")
    def leave(self, control: Database, member: Member, tenant: Tenant) -> None:
        members.leave(control, member.actor, tenant.id, member.id)


def seen(session: Session, token: str = "") -> Seen:
    what = (session_words.device(session.client), session_words.address(session.client))
    times = (session.created_at, session.seen_at, session.expires_at)
    return Seen(session.name, *what, *times, here=session.digest == crypto.digest(token))


def _sessions(request: Ask, control: Database, user_id: str) -> list[Seen]:
    return [seen(one, request.cookies.get(COOKIE, "")) for one in sessions.of_user(control, user_id)]


def _page(frame: Frame, control: Database, problem: Problem | None = None) -> Reply:
    user = users.by_id(control, frame.person.id)
    shown: dict[str, Any] = {"user": user, "sessions": _sessions(frame.request, control, user.id)}
    return room(frame, "account", problem, codes_left=totp.codes_left(control, user.id), **shown)


def _enrol(frame: Frame, control: Database, vault: Vault, problem: Problem | None = None) -> Reply:
    import segno  # noqa: PLC0415  it would make every start slower by 0.15 s

    enrolment = totp.begin(control, vault, frame.person.id)
    drawn = segno.make(enrolment.uri, error="m").svg_inline(scale=5, border=3, light="#fff", svgclass="qr")
    return room(frame, "totp", problem, secret=enrolment.secret, qr=Markup(drawn))


def _back(frame: Frame, said: str) -> Reply:
    return respond.redirect(f"{frame.base}/settings/account", said)


PAGES = [AccountPages]
API = [AccountApi]
