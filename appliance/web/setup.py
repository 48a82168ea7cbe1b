"""First start: the page behind the one-time link."""

from typing import Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import budgets, setup
from appliance.domain.actor import Actor
from appliance.domain.setup import NewOwner
from appliance.errors import Problem, invalid
from appliance.web import door, respond
from appliance.web.access import Ask
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Answers, Services

PAGE = "setup/index.html"
PROVIDERS = ("simulated", "later")


class Form(msgspec.Struct, frozen=True):
    """Everything the page asks; a field left empty comes as ""."""

    organisation: str = ""
    name: str = ""
    email: str = ""
    password: str = ""
    provider: str = "simulated"
    cap_usd: str = ""


class SetupPages(Controller):
    path = "/setup/{token:str}"
    include_in_schema = False

    @get("/", sync_to_thread=True)
    def show(self, request: Ask, control: Database, token: FromPath[str]) -> Reply:
        setup.check(control, token)
        return respond.plain(request, PAGE, form=Form(), errors={})

    @post("/", sync_to_thread=True)
    def complete(
        self, request: Ask, control: Database, services: Services, token: FromPath[str], data: Fields
    ) -> Reply:
        form = respond.form(Form, data)
        try:
            user_id, slug = _complete(services, control, token, form)
        except Problem as problem:
            if not problem.errors:
                raise
            return respond.refused(request, PAGE, problem, form=form, errors=problem.errors)
        return door.enter(request, user_id, f"/t/{slug}/")


def _complete(services: Services, control: Database, token: str, form: Form) -> tuple[str, str]:
    _check(form)
    owner = NewOwner(form.organisation, form.name, form.email, form.password)
    user, tenant = setup.complete(services.catalogue, control, services.vault, token, owner)
    actor = Actor("member", user.id, user.name, "owner")
    services.after_setup(tenant, actor, Answers(form.provider, form.cap_usd))
    return user.id, tenant.slug


def _check(form: Form) -> None:
    given: dict[str, Any] = msgspec.structs.asdict(form)
    if missing := {name: "is required" for name in ("organisation", "name", "email", "password") if not given[name]}:
        raise invalid(**missing)
    if form.provider not in PROVIDERS:
        raise invalid(provider="take simulated or later")
    if form.cap_usd:
        budgets.nano(form.cap_usd, "cap_usd")


HANDLERS = [SetupPages]
