"""Routes as they are stored: a name, its strategy and its targets in order."""

from typing import Literal

import msgspec

from appliance.db.database import Database
from appliance.domain import records

Strategy = Literal["fixed", "weighted", "least_busy", "lowest_latency", "cheapest"]


class Target(msgspec.Struct, frozen=True):
    """`task_kinds` are the only kinds of work it takes, none for any."""

    provider_id: str
    model: str
    weight: int = 1
    task_kinds: list[str] = []
    provider_name: str = ""


class Route(msgspec.Struct, frozen=True):
    """`sticky`: a session stays with the target it began with, as long as that one is fit for it."""

    id: str
    name: str
    strategy: Strategy
    sticky: bool
    targets: list[Target]
    created_at: str
    updated_at: str


def every(db: Database) -> list[Route]:
    """By name."""
    sql = """SELECT t.*, p.name AS provider_name FROM route_targets t JOIN providers p ON p.id = t.provider_id
      ORDER BY t.route_id, t.ord"""
    targets: dict[str, list[Target]] = {}
    for row in db.rows(sql):
        targets.setdefault(row["route_id"], []).append(records.to(Target, row, ("task_kinds",)))
    rows = db.rows("SELECT * FROM routes ORDER BY name")
    return [records.to(Route, row | {"targets": msgspec.to_builtins(targets.get(row["id"], []))}) for row in rows]
