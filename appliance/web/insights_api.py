"""What the figures mean, over HTTP: accounts beside each other, kinds of task, speed, return, what if."""

from typing import Annotated, Any

from litestar import Controller, get, put
from litestar.params import QueryParameter

from appliance.calls.elsewhere import Elsewhere
from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.analytics import comparison, kinds, latencies, realtime, returns, savings, usage, what_if
from appliance.domain.analytics.returns import Assumptions
from appliance.errors import invalid
from appliance.web import money
from appliance.web.budgets_api import ADMIN
from appliance.web.narrowing import NARROWED
from appliance.web.services import Services

From = Annotated[str, QueryParameter(name="from")]


class InsightsApi(Controller):
    """Days are UTC, `YYYY-MM-DD`, both included; without them: this month up to today."""

    path = "/analytics"
    tags = ["costs"]
    dependencies = NARROWED

    @get("/providers/comparison", sync_to_thread=True, summary="Accounts and models beside each other")
    def comparison(self, db: Database, only: dict[str, str], since: From = "", to: str = "") -> Any:
        first, last = usage.span(since, to)
        lines = comparison.compared(db, first, last, only)
        found = {"first_day": first, "last_day": last, "items": lines, "total": usage.summed(lines)}
        return money.with_usd(found | {"savings": savings.of(db, first, last)})

    @get("/task-types", sync_to_thread=True, summary="Kinds of task, with what one costs until it is accepted")
    def task_types(self, db: Database, since: From = "", to: str = "") -> Any:
        first, last = usage.span(since, to)
        return money.with_usd({"first_day": first, "last_day": last, "items": kinds.kinds(db, first, last)})

    @get("/performance", sync_to_thread=True, summary="How long calls took and how many failed")
    def performance(self, db: Database, only: dict[str, str], by: str = "model", since: From = "", to: str = "") -> Any:
        """`by` is agent, model, provider, key, project, kind, surface, state or failure."""
        first, last = usage.span(since, to)
        if by not in usage.BY or by == "day":
            raise invalid(by=f"use one of {', '.join(name for name in usage.BY if name != 'day')}")
        lines = {line.key: line for line in usage.breakdown(db, by, first, last, only)}
        items = [
            {"key": s.key, "label": lines[s.key].label, "calls": lines[s.key].calls, "failed": lines[s.key].failed}
            | {"retries": lines[s.key].retries, "first_byte": s.first_byte, "whole": s.whole}
            for s in latencies.of(db, first, last, usage.BY[by].column, only)
            if s.key in lines
        ]
        whole = latencies.of(db, first, last, only=only)[0]
        failures = [line for line in usage.breakdown(db, "failure", first, last, only) if line.key]
        found = {"by": by, "first_day": first, "last_day": last, "items": items, "failures": failures}
        return money.with_usd(found | {"first_byte": whole.first_byte, "whole": whole.whole})

    @get("/realtime", sync_to_thread=True, summary="Calls under way, and the last five minutes")
    def realtime(self, db: Database) -> Any:
        return money.with_usd(realtime.now(db))

    @get("/roi", sync_to_thread=True, summary="What accepted work is worth beside what it cost")
    def roi(self, db: Database, since: From = "", to: str = "") -> Any:
        """On the assumptions that were set; without them there is no value, only cost."""
        return money.with_usd(returns.returned(db, since, to))

    @put("/roi/assumptions", sync_to_thread=True, opt=ADMIN, summary="Set what an hour costs and how long tasks take")
    def assume(self, db: Database, actor: Actor, data: Assumptions) -> Assumptions:
        return returns.assume(db, actor, data)

    @get("/what-if", sync_to_thread=True, summary="What these calls would have cost at another model")
    def what_if(
        self,
        services: Services,
        db: Database,
        only: dict[str, str],
        at: str = "",
        since: From = "",
        to: str = "",
    ) -> Any:
        """`at` is account/model; the filters say which calls. Up to the newest 50,000 are priced one by one."""
        elsewhere = Elsewhere(services.calls.accounts)
        return money.with_usd(what_if.asked(db, elsewhere, at, since, to, only))
