"""What a tenant lets its work do by itself: runs at the same time, and how far wakes and loops may go."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import candidates, handing, loops, preferences
from appliance.domain.actor import Actor
from appliance.errors import invalid

MOST = 100_000


class Guards(msgspec.Struct, frozen=True):
    """`max_running` runs at the same time in the whole tenant, None for no limit of its own.

    A breaker stops work after `breaker_runs` runs of a task without progress, after `breaker_chain` runs that woke each
    other without a person, or above `breaker_usd_per_hour` US dollars (None: three times the usual hour, where there is
    a budget). Chains of wakes are at most `wake_depth` deep; one run wakes at most `wake_fanout` others. Agents
    hand work down at most `task_depth` levels, in at most `task_children` sub-tasks of one task.
    """

    max_running: int | None
    breaker_runs: int
    breaker_chain: int
    breaker_usd_per_hour: float | None
    wake_depth: int
    wake_fanout: int
    task_depth: int
    task_children: int


class GuardsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; null takes a limit away where there need not be one."""

    max_running: int | None | msgspec.UnsetType = msgspec.UNSET
    breaker_runs: int | msgspec.UnsetType = msgspec.UNSET
    breaker_chain: int | msgspec.UnsetType = msgspec.UNSET
    breaker_usd_per_hour: float | None | msgspec.UnsetType = msgspec.UNSET
    wake_depth: int | msgspec.UnsetType = msgspec.UNSET
    wake_fanout: int | msgspec.UnsetType = msgspec.UNSET
    task_depth: int | msgspec.UnsetType = msgspec.UNSET
    task_children: int | msgspec.UnsetType = msgspec.UNSET


DEFAULTS: dict[str, int | None] = {
    candidates.MAX_RUNNING: None,
    "breaker_usd_per_hour": None,
    **dict((loops.AGAIN, loops.CHAIN, loops.DEPTH, loops.FANOUT, handing.DEPTH, handing.CHILDREN)),
}


def of(db: Database) -> Guards:
    return Guards(**{name: preferences.get(db, name, default) for name, default in DEFAULTS.items()})


def change(db: Database, actor: Actor, change: GuardsChange) -> Guards:
    """Raises Problem(invalid) with the fields at fault."""
    actor.need("admin")
    given = {name: v for name, v in msgspec.structs.asdict(change).items() if v is not msgspec.UNSET}
    if faults := {name: said for name, value in given.items() if (said := _fault(name, value))}:
        raise invalid(**faults)
    with db.transaction():
        for name, value in given.items():
            preferences.put(db, actor, name, value)
    return of(db)


def _fault(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "breaker_usd_per_hour":
        return "" if 0 < value <= MOST else f"give dollars, more than 0 and at most {MOST:,}"
    return "" if 1 <= value <= MOST else f"give a number from 1 to {MOST:,}"
