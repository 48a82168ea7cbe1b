"""Provider accounts: pages and API."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from appliance.calls import local_servers, offers
from appliance.db.database import Database
from appliance.domain import provider_standing, providers, routes
from appliance.domain.actor import Actor
from appliance.domain.model_facts import Facts
from appliance.domain.provider_forms import NewProvider, ProviderChange
from appliance.domain.providers import Provider
from appliance.errors import Problem
from appliance.gateway.wires import KINDS
from appliance.web import money, respond
from appliance.web.frame import Frame
from appliance.web.idempotency import Once
from appliance.web.respond import Reply
from appliance.web.services import Services

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
ADMIN = {"role": "admin"}
EMPTY = {"name": "", "kind": "", "base_url": "", "secret": "", "models": "", "pace": "instant", "private": ""}
BILLINGS = {"metered": "by tokens", "flat": "a flat fee", "local": "this machine"}
SWITCHES = ("private", "only_listed")


class ProvidersPages(Controller):
    path = "/providers"
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, services: Services) -> Reply:
        usable = offers.every(services.calls.accounts, db)
        return respond.page(frame, "providers/index.html", providers=providers.all(db), offers=usable, kinds=KINDS)

    @get("/new", sync_to_thread=True, opt=ADMIN)
    def new(self, frame: Frame, kind: str = "", base_url: str = "", name: str = "", private: str = "") -> Reply:
        chosen = KINDS.get(kind)
        given = {"kind": kind, "name": name or (chosen.title if chosen else ""), "base_url": base_url}
        return _form(frame, given | {"private": private})

    @post("/local", sync_to_thread=True, opt=ADMIN)
    def local(self, frame: Frame, services: Services) -> Reply:
        return _form(frame, {}, found=local_servers.answering(services.calls.accounts))

    @post("/", sync_to_thread=True, opt=ADMIN)
    def add(self, frame: Frame, db: Database, actor: Actor, services: Services, data: Form) -> Reply:
        try:
            made = providers.add(db, actor, services.vault, respond.form(NewProvider, decoded(data)))
        except Problem as problem:
            return _form(frame, data, problem)
        services.calls.accounts.test(db, actor, made.id)
        return respond.redirect(f"{frame.base}/providers/{made.id}")

    @get("/{ref:str}", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, services: Services, ref: str) -> Reply:
        return _page(frame, db, services, ref)

    @post("/{ref:str}", sync_to_thread=True, opt=ADMIN)
    def change(self, frame: Frame, db: Database, actor: Actor, services: Services, ref: str, data: Form) -> Reply:
        try:
            providers.change(db, actor, services.vault, ref, respond.form(ProviderChange, decoded(data)))
        except Problem as problem:
            return _page(frame, db, services, ref, data, problem)
        return respond.redirect(f"{frame.base}/providers/{ref}", "Saved.")

    @post("/{ref:str}/test", sync_to_thread=True)
    def test(self, frame: Frame, db: Database, actor: Actor, services: Services, ref: str) -> Reply:
        provider, _ = services.calls.accounts.test(db, actor, ref)
        return respond.redirect(f"{frame.base}/providers/{provider.id}")

    @post("/{ref:str}/back", sync_to_thread=True)
    def bring_back(self, frame: Frame, db: Database, actor: Actor, ref: str) -> Reply:
        provider = routes.bring_back(db, actor, ref)
        return respond.redirect(f"{frame.base}/providers/{provider.id}", f"Calls go to {provider.name} again.")

    @post("/{ref:str}/remove", sync_to_thread=True, opt=ADMIN)
    def remove(self, frame: Frame, db: Database, actor: Actor, ref: str) -> Reply:
        providers.remove(db, actor, ref)
        return respond.redirect(f"{frame.base}/providers", "The account was removed. Past calls keep their cost.")


class ProvidersApi(Controller):
    path = "/providers"
    tags = ["providers"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Provider accounts, without their secrets")
    def listing(self, db: Database) -> dict[str, list[Provider]]:
        return {"items": providers.all(db)}

    @post("/", sync_to_thread=True, opt=ADMIN, summary="Add a provider account")
    def create(self, db: Database, actor: Actor, services: Services, once: Once, data: NewProvider) -> Reply:
        return once.created(lambda: providers.add(db, actor, services.vault, data))

    @get("/{ref:str}", sync_to_thread=True, summary="One provider account")
    def one(self, db: Database, ref: str) -> Provider:
        return providers.get(db, ref)

    @patch("/{ref:str}", sync_to_thread=True, opt=ADMIN, summary="Change, pause or resume an account")
    def change(self, db: Database, actor: Actor, services: Services, ref: str, data: ProviderChange) -> Provider:
        return providers.change(db, actor, services.vault, ref, data)

    @delete("/{ref:str}", sync_to_thread=True, opt=ADMIN, summary="Remove an account; past calls keep their cost")
    def remove(self, db: Database, actor: Actor, ref: str) -> None:
        providers.remove(db, actor, ref)

    @post("/{ref:str}/back", status_code=200, sync_to_thread=True, summary="Let calls go to an account that is out")
    def bring_back(self, db: Database, actor: Actor, ref: str) -> Provider:
        """Its models that rest are tried again at once, too."""
        return routes.bring_back(db, actor, ref)

    @get("/{ref:str}/health", sync_to_thread=True, summary="How the models of an account fare")
    def health(self, db: Database, ref: str) -> dict[str, Any]:
        provider = providers.get(db, ref)
        found = [msgspec.to_builtins(one) | {"state": one.state} for one in provider_standing.of(db, provider)]
        return {"items": found, "next_cursor": None}

    @post("/{ref:str}/test", status_code=200, sync_to_thread=True, summary="Ask the provider for its models")
    def test(self, db: Database, actor: Actor, services: Services, ref: str) -> Provider:
        """The outcome is `test_ok` and `test_detail`; a provider that fails is not an error of this request."""
        return services.calls.accounts.test(db, actor, ref)[0]


@get("/models", sync_to_thread=True, tags=["providers"], summary="Every model agents may use, with its price")
def models(db: Database, services: Services) -> dict[str, Any]:
    return {"items": money.with_usd(offers.every(services.calls.accounts, db))}


def decoded(fields: dict[str, str]) -> dict[str, Any]:
    """A form's text as the API's JSON: models one a line, prices as `in:MODEL`, abilities as `tools:MODEL`."""
    plain: dict[str, Any] = {name: text for name, text in fields.items() if ":" not in name}
    if "models" in plain:
        plain["models"] = plain["models"].splitlines()
    if "max_concurrency" in plain:
        plain["max_concurrency"] = plain["max_concurrency"].strip() or None
    if plain.pop("priced", ""):
        plain["prices"] = _prices(fields)
    if plain.pop("facts", ""):
        plain["facts"] = _facts(fields)
    if plain.pop("switches", ""):
        plain |= {name: name in fields for name in SWITCHES}
        plain["stream_options"] = plain.pop("no_stream_options", "") == ""
    return plain


def _facts(fields: dict[str, str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, text in fields.items():
        fact, _, model = name.partition(":")
        if model and fact in Facts.__struct_fields__ and text.strip():
            found.setdefault(model, {})[fact] = {"yes": True, "no": False}.get(text, text.strip().replace(",", ""))
    return found


def _prices(fields: dict[str, str]) -> dict[str, dict[str, str]]:
    units = {"in": "input_usd_per_mtok", "out": "output_usd_per_mtok", "cached": "cache_read_usd_per_mtok"}
    found: dict[str, dict[str, str]] = {}
    for name, text in fields.items():
        unit, _, model = name.partition(":")
        if unit in units and text.strip():
            found.setdefault(model, {})[units[unit]] = text.strip()
    return found


def _form(frame: Frame, given: dict[str, str], problem: Problem | None = None, found: Any = None) -> Reply:
    context = {"given": EMPTY | given, "errors": respond.faults(problem) if problem else {}, "found": found}
    return respond.page(
        frame, "providers/new.html", respond.form_status(problem) if problem else 200, kinds=KINDS, **context
    )


def _page(
    frame: Frame,
    db: Database,
    services: Services,
    ref: str,
    given: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Reply:
    provider = providers.get(db, ref)
    shown = {"name": provider.name, "base_url": provider.base_url, "models": "\n".join(provider.models)}
    shown |= {"max_concurrency": str(provider.max_concurrency or ""), "billing": provider.billing}
    shown["weight"] = str(provider.weight)
    switches = {name: name in given if given else getattr(provider, name) for name in SWITCHES}
    switches["no_stream_options"] = "no_stream_options" in given if given else not provider.stream_options
    known = services.calls.known
    able = [(model, provider.facts.get(model, Facts()), known.facts(provider, model)) for model in provider.models]
    return respond.page(
        frame,
        "providers/show.html",
        respond.form_status(problem) if problem else 200,
        provider=provider,
        kind=KINDS[provider.kind],
        offers=offers.of(services.calls.accounts, db, provider),
        given=shown | (given or {}) | switches,
        standing=provider_standing.of(db, provider),
        abilities=[] if provider.simulated else able,
        billings=BILLINGS,
        errors=respond.faults(problem) if problem else {},
    )


PAGES = [ProvidersPages]
API = [ProvidersApi, models]
