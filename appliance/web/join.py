"""The page behind an invitation. It looks the same whether the address has an account or not."""

from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import invitations, sessions, tenants, users
from appliance.domain.invitations import NewAccount
from appliance.domain.users import User
from appliance.errors import Problem
from appliance.web import door, respond
from appliance.web.access import COOKIE, Ask
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

PAGE = "join/index.html"


class JoinPages(Controller):
    path = "/join/{token:str}"
    include_in_schema = False

    @get("/", sync_to_thread=True)
    def show(self, request: Ask, control: Database, services: Services, token: FromPath[str]) -> Reply:
        return respond.plain(request, PAGE, **_about(request, control, services, token), form={}, errors={})

    @post("/", sync_to_thread=True)
    def accept(self, request: Ask, control: Database, services: Services, token: FromPath[str], data: Fields) -> Reply:
        account = NewAccount(data.get("name", ""), data.get("password", ""))
        try:
            member = invitations.accept(control, token, account)
        except Problem as problem:
            about = _about(request, control, services, token)
            return respond.refused(request, PAGE, problem, **about, form=data, errors=respond.faults(problem))
        return door.enter(request, member.id, "/")

    @post("/signed-in", sync_to_thread=True)
    def join(self, request: Ask, control: Database, services: Services, token: FromPath[str]) -> Reply:
        person = _person(request, control, services)
        if person is None:
            raise Problem("unauthenticated", "Sign in first.")
        found = invitations.of_token(control, token)
        invitations.join(control, token, person)
        return respond.redirect(f"/t/{tenants.by_id(control, found.tenant_id).slug}/", "Welcome.")


def _about(request: Ask, control: Database, services: Services, token: str) -> dict[str, Any]:
    found = invitations.of_token(control, token)
    tenant = tenants.by_id(control, found.tenant_id)
    person = _person(request, control, services)
    return {"invitation": found, "tenant": tenant, "person": person, "token": token}


def _person(request: Ask, control: Database, services: Services) -> User | None:
    """Whoever is signed in at this browser."""
    try:
        session = sessions.find(control, request.cookies.get(COOKIE, ""), services.settings.session_hours)
    except Problem:
        return None
    return users.by_id(control, session.user_id)


HANDLERS = [JoinPages]
