"""Budgets over HTTP."""

from typing import Any

from litestar import Controller, get, patch, post

from appliance.db.database import Database
from appliance.domain import budgets, limits
from appliance.domain.actor import Actor
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget
from appliance.web import money
from appliance.web.idempotency import Once
from appliance.web.respond import Reply

ADMIN = {"role": "admin"}


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
