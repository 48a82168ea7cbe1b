"""Budgets: a page to set what may be spent, and the API."""

from typing import Annotated, Any

from litestar import Controller, get, patch, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from appliance.db.database import Database
from appliance.domain import agents, budgets, limits, usage
from appliance.domain.actor import Actor
from appliance.domain.limits import BudgetChange, NewBudget
from appliance.errors import Problem
from appliance.web import money, respond
from appliance.web.frame import Frame
from appliance.web.idempotency import Once
from appliance.web.respond import Reply

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
ADMIN = {"role": "admin"}
EMPTY = {"scope": "tenant", "task": "", "span": "month", "limit_usd": ""}


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
            limits.change(db, actor, budget_id, BudgetChange(data.get("limit_usd", "")))
        except Problem as problem:
            return _page(frame, db, data | {"id": budget_id}, problem)
        return respond.redirect(f"{frame.base}/budgets", "The budget is changed.")

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


def _scopes(frame: Frame, db: Database) -> list[tuple[str, str]]:
    team = [(f"agent:{agent.slug}", f"Agent {agent.name}") for agent in agents.all(db)]
    return [("tenant", f"{frame.tenant.name}, everything"), *team, ("task", "One task")]


def _decoded(fields: dict[str, str]) -> dict[str, str]:
    """The form of a new limit as the API's JSON; an agent is chosen as `agent:<slug>`, a task has its own field."""
    scope, _, agent = fields.get("scope", "").partition(":")
    plain = {name: value for name, value in fields.items() if name != "task"}
    return plain | {"scope": scope, "scope_id": agent or (fields.get("task", "") if scope == "task" else "")}


def _page(frame: Frame, db: Database, given: dict[str, str] | None = None, problem: Problem | None = None) -> Reply:
    errors = respond.faults(problem) if problem else {}
    found = budgets.all(db)
    context: dict[str, Any] = {
        "budgets": found,
        "simulated": usage.simulated_budgets(db, found),
        "scopes": _scopes(frame, db),
        "given": EMPTY | (given or {}),
        "errors": errors,
    }
    return respond.page(frame, "budgets/index.html", respond.form_status(problem) if problem else 200, **context)


PAGES = [BudgetsPages]
API = [BudgetsApi]
