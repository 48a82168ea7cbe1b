"""What a tenant pays by its plan."""

from appliance.db import migrate
from appliance.db.database import Database
from appliance.domain.analytics.amounts import NANO

DEFAULTS: dict[str, int | None] = {"free": 0, "starter": 49 * NANO, "growth": 149 * NANO, "enterprise": None}


def of_plan(control: Database, plan: str) -> int | None:
    """Nano-dollars a month; None where the price is agreed with each tenant, or the plan is not known."""
    return every(control).get(plan)


def every(control: Database) -> dict[str, int | None]:
    # Plans can be edited from the release on that keeps them in a table.
    if "plans" not in migrate.tables("control"):
        return DEFAULTS
    return {row["slug"]: row["price_nano"] for row in control.rows("SELECT slug, price_nano FROM plans")}
