"""Instances and their steps as the API tells them."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain.instances import rows, shown
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.rows import Instance
from appliance.domain.records import Page
from appliance.web import money


def whole(db: Database, found: Instance) -> dict[str, Any]:
    """`cost_nano` counts everything below the instance."""
    return listed(db, [found])[0]


def page(db: Database, found: Page[Instance]) -> dict[str, Any]:
    return {"items": listed(db, found.items), "next_cursor": found.next_cursor}


def listed(db: Database, found: list[Instance]) -> list[dict[str, Any]]:
    bills = shown.work(db, [one.task_id for one in found])
    return [_instance(one, bills[one.task_id].cost_nano, bills[one.task_id].simulated) for one in found]


def steps(db: Database, found: list[Node]) -> list[dict[str, Any]]:
    """Each with the number and the cost of its task; None and 0 without one."""
    bills = shown.work(db, [node.task_id for node in found if node.task_id])
    made = []
    for node in found:
        bill = bills.get(node.task_id or "")
        more = {"task_number": bill.number if bill else None, "cost_nano": bill.cost_nano if bill else 0}
        made.append(_without(msgspec.to_builtins(node), "instance_id", "landed", "wait_key") | more)
    return list(money.with_usd(made))


def lineage(db: Database, found: Instance) -> dict[str, Any]:
    """The numbers of the instances around this one."""
    return {
        "parent": rows.by_id(db, found.parent_id) if found.parent_id else None,
        "below": rows.below(db, found.id),
        "fork_of": rows.by_id(db, found.fork_of) if found.fork_of else None,
        "forks": shown.forks(db, found.id),
    }


def _instance(found: Instance, cost_nano: int, simulated: bool) -> dict[str, Any]:
    plain = _without(msgspec.to_builtins(found), "moved", "slug", "name")
    made = plain | {"workflow": found.slug, "cost_nano": cost_nano, "simulated": simulated}
    return dict(money.with_usd(made))


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
