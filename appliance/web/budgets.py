"""Budgets: a page to set what may be spent, and the API."""

from typing import Annotated, Any

from litestar import Controller, get, patch, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from appliance.db.database import Database
from appliance.domain import agents, budgets, limits, preferences, providers, scopes, usage
from appliance.domain.actor import Actor
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget
from appliance.errors import Problem
from appliance.web import money, respond
from appliance.web.frame import Frame
from appliance.web.idempotency import Once
from appliance.web.respond import Reply

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
ADMIN = {"role": "admin"}
EMPTY = {"scope": "tenant", "which": "", "span": "month", "limit_usd": ""}


class BudgetsPages(Controller):
    path = "/budgets"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        return _page(frame, db)

    @post("/", sync_to_thread=True, opt=ADMIN)
    def create(self, frame: Frame, db: Database, actor: Actor, data: Form) -> Reply:
        try:
            limits.create(db, actor, respond.form(NewBudget, _decoded(data)))
        except Problem as problem:
            return _page(frame, db, data, problem)
        return respond.redirect(f"{frame.base}/budgets", "The budget is set.")

    @post("/{budget_id:str}", sync_to_thread=True, opt=ADMIN)
    def change(self, frame: Frame, db: Database, actor: Actor, budget_id: str, data: Form) -> Reply:
        try:
            limits.change(db, actor, budget_id, BudgetChange(data.get("limit_usd", ""), _meant(data, "limit_usd")))
        except Problem as problem:
            return _page(frame, db, data | {"id": budget_id}, problem)
        return respond.redirect(f"{frame.base}/budgets", "The budget is changed.")

    @post("/{budget_id:str}/raise", sync_to_thread=True, opt=ADMIN)
    def allow_once(self, frame: Frame, db: Database, actor: Actor, budget_id: str, data: Form) -> Reply:
        try:
            limits.allow_once(db, actor, budget_id, Extra(data.get("extra_usd", ""), _meant(data, "extra_usd")))
        except Problem as problem:
            return _page(frame, db, data | {"id": budget_id}, problem)
        return respond.redirect(f"{frame.base}/budgets", "More is allowed this once; the limit stays.")

    @post("/{budget_id:str}/remove", sync_to_thread=True, opt=ADMIN)
    def remove(self, frame: Frame, db: Database, actor: Actor, budget_id: str) -> Reply:
        limits.change(db, actor, budget_id, BudgetChange(None))
        return respond.redirect(f"{frame.base}/budgets", "The budget is removed. What was spent stays in the ledger.")


class BudgetsApi(Controller):
    path = "/budgets"
    tags = ["costs"]

    @get("/", sync_to_thread=True, summary="Budgets with what is spent and reserved")
    def listing(self, db: Database) -> dict[str, Any]:
        return {"items": money.with_usd(budgets.all(db))}

    @post("/", sync_to_thread=True, opt=ADMIN, summary="Set the limit of a scope and span")
    def create(self, db: Database, actor: Actor, once: Once, data: NewBudget) -> Reply:
        return once.created(lambda: money.with_usd(limits.create(db, actor, data)))

    @patch("/{budget_id:str}", sync_to_thread=True, opt=ADMIN, summary="Change a limit; null removes the budget")
    def change(self, db: Database, actor: Actor, budget_id: str, data: BudgetChange) -> Any:
        return money.with_usd(limits.change(db, actor, budget_id, data))

    @post(
        "/{budget_id:str}/raise",
        status_code=200,
        sync_to_thread=True,
        opt=ADMIN,
        summary="Allow more once, until the span ends; the limit stays",
    )
    def allow_once(self, db: Database, actor: Actor, budget_id: str, data: Extra) -> Any:
        return money.with_usd(limits.allow_once(db, actor, budget_id, data))


def _scopes(frame: Frame, db: Database) -> list[tuple[str, str]]:
    accounts = [(f"provider:{one.id}", f"Account {one.name}") for one in providers.all(db)]
    team = [(f"agent:{agent.slug}", f"Agent {agent.name}") for agent in agents.all(db)]
    work = [(f"project:{name}", f"Project {name}") for name in scopes.projects(db)]
    named = [("task", "One task and everything below it"), ("run", "One run")]
    return [("tenant", f"{frame.tenant.name}, everything"), *accounts, *team, *work, *named]


def _decoded(fields: dict[str, str]) -> dict[str, Any]:
    """The form of a new limit as the API's JSON; a scope is chosen as `kind:id`, a task or run has its own field."""
    kind, _, chosen = fields.get("scope", "").partition(":")
    which = fields.get("which", "") if kind in ("task", "run") else ""
    plain = {name: fields.get(name, "") for name in ("span", "limit_usd")}
    return plain | {"scope": kind, "scope_id": chosen or which, "confirm": _meant(fields, "limit_usd")}


def _meant(fields: dict[str, str], amount: str) -> bool:
    """The amount was typed a second time."""
    again = fields.get("confirm", "").strip()
    return bool(again) and budgets.nano(again, "confirm") == budgets.nano(fields.get(amount, ""), amount)


def _page(frame: Frame, db: Database, given: dict[str, str] | None = None, problem: Problem | None = None) -> Reply:
    errors = respond.faults(problem) if problem else {}
    found = budgets.all(db)
    context: dict[str, Any] = {
        "budgets": found,
        "simulated": usage.simulated_budgets(db, found),
        "scopes": _scopes(frame, db),
        "given": EMPTY | (given or {}),
        "errors": errors,
        "uncapped": preferences.get(db, "uncapped", False),
        "zone": preferences.zone(db).key,
    }
    return respond.page(frame, "budgets/index.html", respond.form_status(problem) if problem else 200, **context)


PAGES = [BudgetsPages]
API = [BudgetsApi]
