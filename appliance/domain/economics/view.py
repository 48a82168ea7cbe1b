"""What the owner of the box is shown of one month: its figures, the projection and the claim beside it."""

from collections.abc import Mapping

import msgspec

from appliance.db.database import Database
from appliance.domain.economics import assumptions, claim, months, plan_prices, projection, unit_prices
from appliance.domain.economics.claim import Clause
from appliance.domain.economics.projection import Projection
from appliance.domain.economics.shapes import Line


class Outlook(msgspec.Struct, frozen=True):
    """`measured` is false when all that a customer uses was given and not measured."""

    measured: bool
    projection: Projection | None
    claim: list[Clause]


def outlook(control: Database, month: str, given: Mapping[str, str]) -> Outlook:
    """Without a measurement and without assumptions there is no projection. Raises Problem(invalid)."""
    found = months.of(control, month)
    on = assumptions.assumed(found, given)
    if on is None:
        return Outlook(False, None, [])
    made = projection.project(unit_prices.of(control), on)
    return Outlook(bool(found and found.lines), made, claim.check(made.points, plan_prices.every(control)))


def table(lines: list[Line]) -> tuple[list[str], list[list[object]]]:
    """Columns and rows of the file of a month: the figures of each tenant as they are everywhere else."""
    first = ("slug", "name", "plan", "state", "simulated", "days", "tenant_id")
    names = [*first, *(name for name in Line.__struct_fields__ if name not in first)]
    return names, [[getattr(line, name) for name in names] for line in lines]
