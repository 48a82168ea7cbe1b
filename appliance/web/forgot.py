"""A forgotten password: a link by e-mail, and the page behind such a link."""

import logging

from litestar import Controller, get, post
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath

from appliance import letters
from appliance.db.database import Database
from appliance.domain import password_links
from appliance.errors import Problem
from appliance.gateway.notify import Undelivered
from appliance.web import door, respond
from appliance.web.access import Ask
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

PAGE, NEW = "login/forgot.html", "login/new_password.html"
FOOT = "Nobody else has this link. If you did not ask for it, do nothing: your password stays as it is."
log = logging.getLogger("agenthq.web")


class ForgotPages(Controller):
    path = "/login/forgot"
    include_in_schema = False

    @get("/", sync_to_thread=True)
    def show(self, request: Ask, services: Services) -> Reply:
        return _page(request, services)

    @post("/", sync_to_thread=True)
    def ask(self, request: Ask, control: Database, services: Services, data: Fields) -> Reply:
        """Looked up and sent after the answer, which is the same and as fast for everybody."""
        email = data.get("email", "")
        try:
            password_links.ask(control, email, door.address_of(request))
        except Problem as problem:
            errors = respond.faults(problem)
            return respond.refused(request, PAGE, problem, errors=errors, email=services.post.email, sent=False)
        reply = _page(request, services, sent=True)
        if services.post.email:
            reply.background = BackgroundTask(send, services, email)
        return reply


class NewPasswordPages(Controller):
    path = "/login/new-password/{token:str}"
    include_in_schema = False

    @get("/", sync_to_thread=True)
    def show(self, request: Ask, control: Database, token: FromPath[str]) -> Reply:
        return respond.plain(request, NEW, person=password_links.user_of(control, token), token=token, errors={})

    @post("/", sync_to_thread=True)
    def use(self, request: Ask, control: Database, token: FromPath[str], data: Fields) -> Reply:
        try:
            password_links.use(control, token, data.get("password", ""))
        except Problem as problem:
            if not problem.errors:
                raise
            person = password_links.user_of(control, token)
            return respond.refused(request, NEW, problem, person=person, token=token, errors=problem.errors)
        return respond.redirect("/login?changed=1")


def send(services: Services, email: str) -> None:
    """A link to whoever has that address, if anybody has."""
    with services.catalogue.control() as control:
        found = password_links.for_email(control, email)
    if found is None:
        return
    user, token = found
    said = f"Set another password for AgentHQ within {password_links.MINUTES} minutes:"
    letter = letters.personal(user.email, "Your new password", said, link(services, token), FOOT)
    try:
        services.post.write(letter)
    except Undelivered as failure:
        log.warning("a link to a new password was not delivered: %s", failure)


def link(services: Services, token: str) -> str:
    return f"{services.post.base}/login/new-password/{token}"


def _page(request: Ask, services: Services, sent: bool = False) -> Reply:
    return respond.plain(request, PAGE, email=services.post.email, sent=sent, errors={})


HANDLERS = [ForgotPages, NewPasswordPages]
