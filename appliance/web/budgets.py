"""Budgets: a page to set what may be spent; the API is in budgets_api.py."""

from typing import Any

from litestar import Controller, get, post

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budget_marks, budget_words, budgets, keys, limits, preferences, providers, rates, stops
from appliance.domain.actor import Actor
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget
from appliance.domain.rates import NewRates
from appliance.domain.stops import NewStop
from appliance.errors import Problem
from appliance.web import budget_fields, respond
from appliance.web.budget_fields import EMPTY, Form
from appliance.web.budgets_api import ADMIN, BudgetsApi, StopsApi
from appliance.web.frame import Frame
from appliance.web.respond import Reply


class BudgetsPages(Controller):
    path = "/budgets"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, control: Database) -> Reply:
        return _page(frame, db, control)

    @post("/", sync_to_thread=True, opt=ADMIN)
    def create(self, frame: Frame, db: Database, control: Database, actor: Actor, data: Form) -> Reply:
        try:
            limits.create(db, actor, respond.form(NewBudget, budget_fields.decoded(data)))
        except Problem as problem:
            return _page(frame, db, control, data, problem)
        return respond.redirect(f"{frame.base}/budgets", "The budget is set.")

    @post("/{budget_id:str}", sync_to_thread=True, opt=ADMIN)
    def change(self, frame: Frame, db: Database, control: Database, actor: Actor, budget_id: str, data: Form) -> Reply:
        try:
            limits.change(db, actor, budget_id, respond.whole_form(BudgetChange, budget_fields.changed(data)))
        except Problem as problem:
            return _page(frame, db, control, data | {"id": budget_id}, problem)
        return respond.redirect(f"{frame.base}/budgets", "The budget is changed.")

    @post("/{budget_id:str}/raise", sync_to_thread=True, opt=ADMIN)
    def allow_once(
        self, frame: Frame, db: Database, control: Database, actor: Actor, budget_id: str, data: Form
    ) -> Reply:
        try:
            limits.allow_once(
                db, actor, budget_id, Extra(data.get("extra_usd", ""), budget_fields.meant(data, "extra_usd"))
            )
        except Problem as problem:
            return _page(frame, db, control, data | {"id": budget_id}, problem)
        return respond.redirect(f"{frame.base}/budgets", "More is allowed this once; the limit stays.")

    @post("/{budget_id:str}/remove", sync_to_thread=True, opt=ADMIN)
    def remove(self, frame: Frame, db: Database, actor: Actor, budget_id: str) -> Reply:
        limits.change(db, actor, budget_id, BudgetChange(None))
        return respond.redirect(f"{frame.base}/budgets", "The budget is removed. What was spent stays in the ledger.")

    @post("/{budget_id:str}/reset", sync_to_thread=True, opt=ADMIN)
    def reset(self, frame: Frame, db: Database, actor: Actor, budget_id: str) -> Reply:
        limits.reset(db, actor, budget_id)
        return respond.redirect(f"{frame.base}/budgets", "The budget counts from nought again; the ledger keeps all.")


class StopsPages(Controller):
    """The kill switch and what may run at a time: forms on the page of budgets."""

    path = "/budgets"

    @post("/stops", sync_to_thread=True, opt={"role": "operator"})
    def stop(self, frame: Frame, db: Database, control: Database, actor: Actor, data: Form) -> Reply:
        kind, _, chosen = data.get("stop", "").partition(":")
        try:
            stops.put(db, actor, NewStop(kind, chosen, data.get("note", "")))
        except Problem as problem:
            return _page(frame, db, control, data, problem)
        return respond.redirect(f"{frame.base}/budgets", "Stopped. Calls under way end within a second.")

    @post("/stops/release", sync_to_thread=True, opt=ADMIN)
    def release(self, frame: Frame, db: Database, actor: Actor, data: Form) -> Reply:
        stops.release(db, actor, data.get("scope", ""), data.get("scope_id", ""))
        return respond.redirect(f"{frame.base}/budgets", "It goes on.")

    @post("/rates", sync_to_thread=True, opt=ADMIN)
    def rates(self, frame: Frame, db: Database, control: Database, actor: Actor, data: Form) -> Reply:
        kind, _, chosen = data.get("limited", "").partition(":")
        given = {name: data[name] for name in ("requests", "tokens", "parallel") if data.get(name, "").strip()}
        try:
            rates.put(db, actor, respond.form(NewRates, {"scope": kind, "scope_id": chosen, **given}))
        except Problem as problem:
            return _page(frame, db, control, data, problem)
        return respond.redirect(f"{frame.base}/budgets", "The limits hold from the next call on.")


def _page(
    frame: Frame,
    db: Database,
    control: Database,
    given: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Reply:
    errors = respond.faults(problem) if problem else {}
    found, known = budgets.all(db), keys.every(control, frame.tenant.id)
    now = clock.now()
    choices = budget_fields.choices(frame, db, known)
    context: dict[str, Any] = {
        "budgets": found,
        "simulated": budget_marks.simulated(db, found),
        "heading": {b.id: budget_marks.forecast(b, now) for b in found},
        "held": budget_marks.under_way(db),
        "stops": stops.all(db),
        "rates": rates.all(db),
        "key_names": {key.id: key.name for key in known},
        "account_names": {one.id: one.name for one in providers.all(db)},
        "scopes": choices,
        "stoppable": [choice for choice in choices if choice[0].partition(":")[0] in stops.KINDS],
        "limited": [choice for choice in choices if choice[0].partition(":")[0] in ("tenant", "provider")],
        "spans": budget_fields.SPANS,
        "actions": budget_fields.ACTIONS,
        "each": budget_words.EACH,
        "given": EMPTY | (given or {}),
        "errors": errors,
        "uncapped": preferences.get(db, "uncapped", False),
        "zone": preferences.zone(db).key,
    }
    return respond.page(frame, "budgets/index.html", respond.form_status(problem) if problem else 200, **context)


PAGES = [BudgetsPages, StopsPages]
API = [BudgetsApi, StopsApi]
