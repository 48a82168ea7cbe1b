"""Budgets over HTTP."""

from typing import Any

import msgspec
from litestar import Controller, get, patch, post, put

from appliance.db.database import Database
from appliance.domain import budget_marks, budgets, limits, rates, stops
from appliance.domain.actor import Actor
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget
from appliance.domain.rates import NewRates, Rates
from appliance.domain.stops import NewStop, Stop
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

    @post(
        "/{budget_id:str}/reset",
        status_code=200,
        sync_to_thread=True,
        opt=ADMIN,
        summary="Count from nought again in the current span; the ledger keeps everything",
    )
    def reset(self, db: Database, actor: Actor, budget_id: str) -> Any:
        return money.with_usd(limits.reset(db, actor, budget_id))

    @get("/under-way", sync_to_thread=True, summary="The calls in flight and the money they hold")
    def under_way(self, db: Database) -> Any:
        return money.with_usd(budget_marks.under_way(db))


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes on again, by the scope and id of its stop."""

    scope: str
    scope_id: str = ""


class StopsApi(Controller):
    tags = ["costs"]

    @get("/stops", sync_to_thread=True, summary="What is stopped: no call that counts on it is sent")
    def stopped(self, db: Database) -> dict[str, Any]:
        return {"items": stops.all(db)}

    @post(
        "/stops",
        status_code=200,
        sync_to_thread=True,
        opt={"role": "operator"},
        summary="Stop everything, a key, an account or a model; calls under way end within a second",
    )
    def stop(self, db: Database, actor: Actor, data: NewStop) -> Stop:
        return stops.put(db, actor, data)

    @post("/stops/release", status_code=204, sync_to_thread=True, opt=ADMIN, summary="Let what was stopped go on")
    def release(self, db: Database, actor: Actor, data: Release) -> None:
        stops.release(db, actor, data.scope, data.scope_id)

    @get("/rates", sync_to_thread=True, summary="Limits of requests and tokens a minute and of calls at the same time")
    def limited(self, db: Database) -> dict[str, Any]:
        return {"items": rates.all(db)}

    @put("/rates", sync_to_thread=True, opt=ADMIN, summary="Set the limits of the tenant or an account; none removes")
    def limit(self, db: Database, actor: Actor, data: NewRates) -> Rates:
        return rates.put(db, actor, data)
