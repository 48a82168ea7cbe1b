"""Budgets: a page to set what may be spent; the API is in budgets_api.py."""

from typing import Any

from litestar import Controller, get, post

from appliance.db.database import Database
from appliance.domain import budgets, limits, preferences
from appliance.domain.actor import Actor
from appliance.domain.analytics import usage
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget
from appliance.errors import Problem
from appliance.web import budget_fields, respond
from appliance.web.budget_fields import EMPTY, Form
from appliance.web.budgets_api import ADMIN, BudgetsApi
from appliance.web.frame import Frame
from appliance.web.respond import Reply


class BudgetsPages(Controller):
    path = "/budgets"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        return _page(frame, db)

    @post("/", sync_to_thread=True, opt=ADMIN)
    def create(self, frame: Frame, db: Database, actor: Actor, data: Form) -> Reply:
        try:
            limits.create(db, actor, respond.form(NewBudget, budget_fields.decoded(data)))
        except Problem as problem:
            return _page(frame, db, data, problem)
        return respond.redirect(f"{frame.base}/budgets", "The budget is set.")

    @post("/{budget_id:str}", sync_to_thread=True, opt=ADMIN)
    def change(self, frame: Frame, db: Database, actor: Actor, budget_id: str, data: Form) -> Reply:
        try:
            limits.change(
                db, actor, budget_id, BudgetChange(data.get("limit_usd", ""), budget_fields.meant(data, "limit_usd"))
            )
        except Problem as problem:
            return _page(frame, db, data | {"id": budget_id}, problem)
        return respond.redirect(f"{frame.base}/budgets", "The budget is changed.")

    @post("/{budget_id:str}/raise", sync_to_thread=True, opt=ADMIN)
    def allow_once(self, frame: Frame, db: Database, actor: Actor, budget_id: str, data: Form) -> Reply:
        try:
            limits.allow_once(
                db, actor, budget_id, Extra(data.get("extra_usd", ""), budget_fields.meant(data, "extra_usd"))
            )
        except Problem as problem:
            return _page(frame, db, data | {"id": budget_id}, problem)
        return respond.redirect(f"{frame.base}/budgets", "More is allowed this once; the limit stays.")

    @post("/{budget_id:str}/remove", sync_to_thread=True, opt=ADMIN)
    def remove(self, frame: Frame, db: Database, actor: Actor, budget_id: str) -> Reply:
        limits.change(db, actor, budget_id, BudgetChange(None))
        return respond.redirect(f"{frame.base}/budgets", "The budget is removed. What was spent stays in the ledger.")


def _page(frame: Frame, db: Database, given: dict[str, str] | None = None, problem: Problem | None = None) -> Reply:
    errors = respond.faults(problem) if problem else {}
    found = budgets.all(db)
    context: dict[str, Any] = {
        "budgets": found,
        "simulated": usage.simulated_budgets(db, found),
        "scopes": budget_fields.choices(frame, db),
        "given": EMPTY | (given or {}),
        "errors": errors,
        "uncapped": preferences.get(db, "uncapped", False),
        "zone": preferences.zone(db).key,
    }
    return respond.page(frame, "budgets/index.html", respond.form_status(problem) if problem else 200, **context)


PAGES = [BudgetsPages]
API = [BudgetsApi]
