"""Models beside each other, what all work would have cost on one of them, and what if some of it moved."""

from typing import Annotated, Any

from litestar import Controller, get, post
from litestar.params import QueryParameter

from appliance.calls.elsewhere import Elsewhere
from appliance.db.database import Database
from appliance.domain import providers
from appliance.domain.actor import Actor
from appliance.domain.analytics import comparison, savings, usage, what_if
from appliance.domain.analytics.what_if import WhatIf
from appliance.errors import Problem
from appliance.web import cost_window, cost_words, respond
from appliance.web.budgets_api import ADMIN
from appliance.web.cost_window import WINDOWS, Window
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.narrowing import query
from appliance.web.respond import Reply
from appliance.web.services import Services

From = Annotated[str, QueryParameter(name="from")]
MOVED = ("model", "agent", "kind")


class ComparePages(Controller):
    path = "/costs/compare"

    @get("/", sync_to_thread=True)
    def index(
        self,
        frame: Frame,
        services: Services,
        db: Database,
        window: str = "30",
        since: From = "",
        to: str = "",
        at: str = "",
        model: str = "",
        agent: str = "",
        kind: str = "",
    ) -> Reply:
        """`at` is the model that the calls are moved to; without it nothing is moved."""
        shown, only = cost_window.window(window, since, to), {"model": model, "agent": agent, "kind": kind}
        moved, problem = None, None
        try:
            moved = _moved(services, db, shown, at, {name: value for name, value in only.items() if value})
        except Problem as refused:
            problem = refused
        status = respond.form_status(problem) if problem else 200
        errors = respond.faults(problem) if problem else {}
        context = _page(frame, db, shown) | {"at": at, "only": only, "moved": moved, "errors": errors}
        return respond.page(frame, "costs/compare.html", status, **context)

    @post("/pin", sync_to_thread=True, opt=ADMIN)
    def pin(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        named = data.get("model", "")
        savings.pin(db, actor, named)
        said = f"Savings are measured against {named or 'the most expensive model'}."
        return respond.redirect(f"{frame.base}/costs/compare", said)


def _moved(services: Services, db: Database, shown: Window, at: str, only: dict[str, str]) -> WhatIf | None:
    if not at:
        return None
    return what_if.asked(db, Elsewhere(services.calls.accounts), at, shown.first, shown.last, only)


def _page(frame: Frame, db: Database, shown: Window) -> dict[str, Any]:
    found = savings.of(db, shown.first, shown.last)
    here = f"{frame.base}/costs/compare"
    lines = {by: usage.breakdown(db, by, shown.first, shown.last) for by in MOVED}
    return {
        "base": frame.base,
        "shown": shown,
        "dates": cost_window.dates(shown),
        "windows": [(text, f"{here}?window={key}", key == shown.name) for key, text in WINDOWS.items()],
        "kept": cost_window.kept(shown),
        "lines": comparison.compared(db, shown.first, shown.last),
        "savings": found,
        "how_saved": cost_words.savings(found, found.chosen) if found.chosen else (),
        "top": max([*(b.nano for b in found.models), *(b.actual_nano for b in found.models), 1]),
        "places": [(f"{p.name}/{m}",) * 2 for p in providers.all(db) for m in p.models],
        "choices": {by: [(line.key, line.label) for line in some if line.key] for by, some in lines.items()},
        "api": f"/api/v1{frame.base}/analytics",
        "span": query(**{"from": shown.first, "to": shown.last}),
    }


PAGES = [ComparePages]
