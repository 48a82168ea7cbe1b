"""What the ledger tells, over HTTP: figures with what stands behind them, and files."""

from collections.abc import Iterator
from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import QueryParameter
from litestar.response import Stream

from appliance.db.database import Database
from appliance.domain.analytics import every_call, files, summaries, trends, usage
from appliance.domain.analytics.shapes import Line, Point
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import export, money
from appliance.web.narrowing import NARROWED
from appliance.web.services import Services

# More calls than these are made into a file that waits to be fetched: POST /analytics/exports.
AT_ONCE = 100_000
From = Annotated[str, QueryParameter(name="from")]


class AnalyticsApi(Controller):
    """Days are UTC, `YYYY-MM-DD`, both included; without them: this month up to today.

    `provider`, `model`, `agent`, `key`, `project`, `kind`, `surface` and `state` narrow the calls that are counted.
    """

    path = "/analytics"
    tags = ["costs"]
    dependencies = NARROWED

    @get("/summary", sync_to_thread=True, summary="The figures of a span of days, with what stands behind them")
    def summary(self, db: Database, since: From = "", to: str = "") -> Any:
        return money.with_usd(summaries.summary(db, since, to))

    @get("/usage", sync_to_thread=True, summary="A breakdown that adds up to the total")
    def usage(
        self,
        db: Database,
        only: dict[str, str],
        by: str = "agent",
        since: From = "",
        to: str = "",
        format: str = "json",
    ) -> Any:
        """`by` is agent, model, provider, key, project, kind, surface, state, failure, day, session or task.

        `format` is json, csv or jsonl.
        """
        first, last = usage.span(since, to)
        lines = usage.breakdown(db, by, first, last, only)
        if format != "json":
            return export.file(format, lines, Line, f"{by}-{first}-{last}")
        total = usage.summed(lines)
        return money.with_usd({"by": by, "first_day": first, "last_day": last, "items": lines, "total": total})

    @get("/trends", sync_to_thread=True, summary="Figures by hour, day, week or month")
    def trends(
        self,
        db: Database,
        only: dict[str, str],
        every: str = "day",
        since: From = "",
        to: str = "",
        format: str = "json",
    ) -> Any:
        first, last = usage.span(since, to)
        points = trends.trend(db, every, first, last, only)
        if format != "json":
            return export.file(format, points, Point, f"{every}-{first}-{last}")
        total = usage.summed(points)
        return money.with_usd({"every": every, "first_day": first, "last_day": last, "items": points, "total": total})

    @get("/export", sync_to_thread=True, summary="Every call as CSV or JSON Lines")
    def export(
        self,
        services: Services,
        db: Database,
        tenant: Tenant,
        only: dict[str, str],
        since: From = "",
        to: str = "",
        format: str = "csv",
    ) -> Stream:
        """Up to 100,000 calls, in the order they ended; more of them by POST /analytics/exports."""
        first, last = usage.span(since, to)
        files.known(format)
        count = usage.total(db, first, last, only).calls
        if count > AT_ONCE:
            said = (
                f"These days hold {count:,} calls, more than {AT_ONCE:,}: POST /analytics/exports makes a file of them."
            )
            raise Problem("conflict", said)
        rows = _calls(services, tenant, first, last, only)
        return export.stream(
            format, files.encode(format, every_call.COLUMNS, rows), f"calls-{tenant.slug}-{first}-{last}"
        )


def _calls(
    services: Services, tenant: Tenant, first: str, last: str, only: dict[str, str]
) -> Iterator[tuple[Any, ...]]:
    """With a database of its own: the request's is closed before the last row is sent."""
    with services.catalogue.open(tenant.id) as db:
        yield from every_call.rows(db, first, last, only)
