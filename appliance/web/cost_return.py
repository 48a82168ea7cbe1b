"""What the work is worth beside what it cost: a page with the assumptions that people here made."""

from typing import Any

from litestar import Controller, get, post

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.analytics import returns
from appliance.errors import Problem
from appliance.web import cost_window, respond
from appliance.web.budgets_api import ADMIN
from appliance.web.cost_window import WINDOWS
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply


class ReturnPages(Controller):
    path = "/costs/return"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, window: str = "30") -> Reply:
        return _page(frame, db, window)

    @post("/", sync_to_thread=True, opt=ADMIN)
    def assume(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        try:
            returns.assume(db, actor, returns.of_form(data))
        except Problem as problem:
            return _page(frame, db, data.get("window", "30"), data, problem)
        return respond.redirect(f"{frame.base}/costs/return", "The assumptions are kept.")


def _page(
    frame: Frame, db: Database, window: str, typed: dict[str, str] | None = None, problem: Problem | None = None
) -> Reply:
    shown = cost_window.window(window, "", "")
    found = returns.returned(db, shown.first, shown.last)
    here = f"{frame.base}/costs/return"
    context: dict[str, Any] = {
        "base": frame.base,
        "shown": shown,
        "dates": cost_window.dates(shown),
        "windows": [(text, f"{here}?window={key}", key == shown.name) for key, text in WINDOWS.items()],
        "found": found,
        "typed": typed or {},
        "errors": respond.faults(problem) if problem else {},
    }
    return respond.page(frame, "costs/return.html", respond.form_status(problem) if problem else 200, **context)


PAGES = [ReturnPages]
