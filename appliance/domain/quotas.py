"""What a tenant's plan still leaves room for. A refusal says the limit, what is used, and what to do."""

import msgspec

from appliance.db.database import Database
from appliance.errors import Problem

# At these percentages of the storage people are told, once each.
THRESHOLDS = (80, 95, 100)
MIB = 1024 * 1024


class Usage(msgspec.Struct, frozen=True):
    """`limit` is None where there is none; `storage_bytes` counts bytes, the others things."""

    name: str
    used: int
    limit: int | None

    @property
    def percent(self) -> int:
        return _percent(self.used, self.limit)


def agents(db: Database) -> int:
    """Agents that people see; what the box keeps for itself does not count."""
    return int(db.value("SELECT COUNT(*) AS n FROM agents WHERE deleted_at IS NULL AND hidden = FALSE"))


def running(db: Database) -> int:
    return int(db.value("SELECT COUNT(*) AS n FROM runs WHERE state = 'running'"))


def stored(db: Database) -> int:
    """Bytes of the database now and of the files as last measured."""
    return db.size() + db.bounds.files_bytes


def usage(db: Database) -> list[Usage]:
    bounds = db.bounds
    return [
        Usage("agents", agents(db), bounds.agents),
        Usage("running", running(db), bounds.running),
        Usage("storage_bytes", stored(db), bounds.storage_bytes),
    ]


def one_more_agent(db: Database) -> None:
    """Raises Problem(quota) at the limit. In the transaction that adds it, which counts alone."""
    limit = db.bounds.agents
    if limit is not None and (used := agents(db)) >= limit:
        said = f"The plan {db.bounds.plan_name} allows {limit} agents and there are {used}."
        raise refusal(f"{said} Remove one, or ask the owner of the box for more.", "agents", limit, used)


def room(db: Database) -> None:
    """Raises Problem(quota) when the storage is used up: for verbs that add something, never for those that remove."""
    limit = db.bounds.storage_bytes
    if limit is not None and (used := stored(db)) >= limit:
        said = f"{sized(used)} of the {sized(limit)} that the plan {db.bounds.plan_name} allows are stored."
        what = "Nothing new is taken; remove something, or ask the owner of the box for more."
        raise refusal(f"{said} {what}", "storage_bytes", limit, used)


def full(db: Database) -> bool:
    """Whether the storage is used up."""
    limit = db.bounds.storage_bytes
    return limit is not None and stored(db) >= limit


def refusal(detail: str, name: str, limit: int, used: int) -> Problem:
    return Problem("quota", detail, more={"quota": name, "limit": limit, "usage": used})


def passed(used: int, limit: int | None) -> int:
    """The highest threshold that is reached, 0 for none."""
    return max((at for at in THRESHOLDS if _percent(used, limit) >= at), default=0)


def sized(size: int) -> str:
    """Bytes for people, with the units that plans are written in."""
    for unit, word in ((MIB * 1024, "GB"), (MIB, "MB"), (1024, "kB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {word}"
    return f"{size} bytes"


def _percent(used: int, limit: int | None) -> int:
    if limit is None:
        return 0
    return used * 100 // limit if limit else 100
