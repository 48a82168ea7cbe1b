"""Signing in and out, and the front door."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery

from appliance.db.database import Database
from appliance.domain import box_owners, sessions, setup, tenants, throttle, users
from appliance.domain.users import User
from appliance.errors import Problem
from appliance.web import door, respond
from appliance.web.access import COOKIE, Ask
from appliance.web.frame import LAST_TENANT
from appliance.web.respond import Reply
from appliance.web.services import Services

Fields = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
PAGE = "login/index.html"


class LoginPages(Controller):
    path = "/login"
    include_in_schema = False

    @get("/", sync_to_thread=True)
    def show(self, request: Ask, control: Database, next: FromQuery[str] = "/") -> Reply:
        known = {"set_up": setup.has_owner(control), "demo": _is_demo(control)}
        return respond.plain(request, PAGE, next=door.local(next), email="", errors={}, **known)

    @post("/", sync_to_thread=True)
    def sign_in(self, request: Ask, control: Database, data: Fields) -> Reply:
        email, path = data.get("email", ""), door.local(data.get("next", "/"))
        try:
            user = _prove(control, email, data.get("password", ""), door.address_of(request))
        except Problem as problem:
            known = {"set_up": True, "demo": _is_demo(control), "errors": respond.faults(problem)}
            return respond.refused(request, PAGE, problem, next=path, email=email, **known)
        return door.enter(request, user.id, path)


@post("/logout", include_in_schema=False, sync_to_thread=True)
def sign_out(request: Ask) -> Reply:
    return door.leave(request)


@get("/", include_in_schema=False, sync_to_thread=True)
def front(request: Ask, control: Database, services: Services) -> Reply:
    """To the tenant the person looked at last, else their first."""
    if not setup.has_owner(control):
        return respond.plain(request, "setup/waiting.html")
    session = sessions.find(control, request.cookies.get(COOKIE, ""), services.settings.session_hours)
    found = tenants.of_user(control, session.user_id)
    # One that works goes before one that says why it does not.
    mine = [tenant.slug for tenant in found if tenant.state == "active"] or [tenant.slug for tenant in found]
    if not mine and box_owners.is_one(control, session.user_id):
        return respond.redirect("/box/")
    if not mine:
        raise Problem("forbidden", "You are not a member of any tenant. Ask an owner to add you.")
    last = request.cookies.get(LAST_TENANT, "")
    return respond.redirect(f"/t/{last if last in mine else mine[0]}/")


def _prove(control: Database, email: str, password: str, address: str) -> User:
    throttle.attempt(control, email, address)
    user = users.verify(control, email, password)
    throttle.clear(control, email, address)
    return user


def _is_demo(control: Database) -> bool:
    """The owner of sample data came in by a link and knows no password."""
    return any(tenant.simulated for tenant in tenants.every(control))


HANDLERS = [LoginPages, sign_out, front]
