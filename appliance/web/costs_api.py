"""What the work cost, over HTTP: calls, breakdowns and files."""

from collections.abc import Iterator
from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import QueryParameter
from litestar.response import Stream

from appliance.db.database import Database
from appliance.domain import adjustments, ledger, usage
from appliance.domain.ledger import Call, CallFilter
from appliance.domain.tenants import Tenant
from appliance.domain.usage import Line
from appliance.web import export, money
from appliance.web.services import Services

State = Annotated[str, QueryParameter(name="state")]
From = Annotated[str, QueryParameter(name="from")]


class CallsApi(Controller):
    path = "/calls"
    tags = ["costs"]

    @get("/", sync_to_thread=True, summary="Calls in the ledger, newest first")
    def listing(
        self,
        db: Database,
        limit: int = 50,
        cursor: str = "",
        task_id: str = "",
        agent_id: str = "",
        model: str = "",
        key_id: str = "",
        session_id: str = "",
        surface: str = "",
        provider_id: str = "",
        state_is: State = "",
    ) -> dict[str, Any]:
        """`surface` is agent, messages, chat, responses or embeddings; `state` is open, ok, failed or lost."""
        only = CallFilter(task_id, agent_id, model, key_id, session_id, surface, provider_id, state_is)
        found = ledger.calls(db, limit, cursor, only)
        return {"items": money.with_usd(found.items), "next_cursor": found.next_cursor}

    @get("/{call_id:str}", sync_to_thread=True, summary="One call with its attempts and what was priced anew")
    def one(self, db: Database, call_id: str) -> dict[str, Any]:
        call: dict[str, Any] = money.with_usd(ledger.call(db, call_id))
        found = {"attempts": ledger.attempts(db, call_id), "adjustments": adjustments.of(db, call_id)}
        return call | dict(money.with_usd(found))


class AnalyticsApi(Controller):
    """Days are UTC, `YYYY-MM-DD`, both included; without them: this month up to today."""

    path = "/analytics"
    tags = ["costs"]

    @get("/summary", sync_to_thread=True, summary="Totals of a span of days and of today")
    def summary(self, db: Database, since: From = "", to: str = "") -> Any:
        return money.with_usd(usage.summary(db, since, to))

    @get("/usage", sync_to_thread=True, summary="A breakdown that adds up to the total")
    def usage(self, db: Database, by: str = "agent", since: From = "", to: str = "", format: str = "json") -> Any:
        """`by` is agent, model, provider or day; `format` is json, csv or jsonl."""
        first, last = usage.span(since, to)
        lines = usage.breakdown(db, by, first, last)
        if format != "json":
            return _file(export.encode(format, lines, Line), format, f"{by}-{first}-{last}")
        total = usage.total(db, first, last)
        return money.with_usd({"by": by, "first_day": first, "last_day": last, "items": lines, "total": total})

    @get("/export", sync_to_thread=True, summary="Every call as CSV or JSON Lines")
    def export(self, services: Services, tenant: Tenant, since: From = "", to: str = "", format: str = "csv") -> Stream:
        first, last = usage.span(since, to)
        rows = _calls(services, tenant, first, last)
        return _file(export.encode(format, rows, Call), format, f"calls-{tenant.slug}-{first}-{last}")


def _calls(services: Services, tenant: Tenant, first: str, last: str) -> Iterator[Call]:
    """With a database of its own: the request's is closed before the last row is sent."""
    with services.catalogue.open(tenant.id) as db:
        yield from ledger.every(db, first, last)


def _file(content: Iterator[bytes], form: str, name: str) -> Stream:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "Cache-Control": "no-store"}
    return Stream(content, media_type=export.TYPES[form], headers=headers)
