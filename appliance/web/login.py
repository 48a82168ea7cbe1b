"""Signing in and out, and the front door."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery

from appliance.db.database import Database
from appliance.domain import box_owners, sessions, setup, tenants, throttle, totp, users
from appliance.domain.users import User
from appliance.errors import Problem
from appliance.web import door, respond
from appliance.web.access import COOKIE, Ask
from appliance.web.frame import LAST_TENANT
from appliance.web.respond import Reply
from appliance.web.services import Services

Fields = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
PAGE, CODE = "login/index.html", "login/code.html"


class LoginPages(Controller):
    path = "/login"
    include_in_schema = False

    @get("/", sync_to_thread=True)
    def show(
        self, request: Ask, control: Database, next: FromQuery[str] = "/", changed: FromQuery[bool] = False
    ) -> Reply:
        known = {"set_up": setup.has_owner(control), "demo": _is_demo(control), "changed": changed}
        return respond.plain(request, PAGE, next=door.local(next), email="", errors={}, **known)

    @post("/", sync_to_thread=True)
    def sign_in(self, request: Ask, control: Database, data: Fields) -> Reply:
        email, path = data.get("email", ""), door.local(data.get("next", "/"))
        try:
            user = _prove(control, email, data.get("password", ""), door.address_of(request))
        except Problem as problem:
            known = {"set_up": True, "demo": _is_demo(control), "errors": respond.faults(problem)}
            return respond.refused(request, PAGE, problem, next=path, email=email, **known)
        return door.first_step(request, control, user, path)

    @get("/code", sync_to_thread=True)
    def ask_code(self, request: Ask, control: Database, next: FromQuery[str] = "/") -> Reply:
        totp.waiting(control, request.cookies.get(door.STEP, ""))
        return respond.plain(request, CODE, next=door.local(next), errors={})

    @post("/code", sync_to_thread=True)
    def check_code(self, request: Ask, control: Database, services: Services, data: Fields) -> Reply:
        path, token = door.local(data.get("next", "/")), request.cookies.get(door.STEP, "")
        try:
            user_id = totp.finish_step(control, services.vault, token, data.get("code", ""))
        except Problem as problem:
            if problem.code == "session_expired":
                raise
            return respond.refused(request, CODE, problem, next=path, errors=respond.faults(problem))
        return door.second_step(request, user_id, path)


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
