"""How much a tenant may have and use: its plan with its own terms, read from the control database and kept a second."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec

from appliance import clock

KNOWN_S = 1.0
LIMITS = (
    "requests_per_min",
    "user_requests_per_min",
    "key_requests_per_min",
    "agents",
    "running",
    "storage_bytes",
)
MOST_KNOWN = 10_000
# Processes that were not seen for so long take no requests any more.
GONE_S = 15.0
_SQL = """SELECT t.own_limits, t.own_flags, t.files_bytes, t.stored_bytes, t.storage_level, t.plan AS plan_slug, p.*
  FROM tenants t LEFT JOIN plans p ON p.slug = t.plan WHERE t.id = :id"""


class Bounds(msgspec.Struct, frozen=True):
    """What holds for one tenant now; None is no limit. `flags` are those that its plan or its own terms set.

    `files_bytes` and `stored_bytes` are as last measured, `storage_level` is the threshold passed then (0, 80, 95,
    100). `processes` take requests beside each other.
    """

    plan: str = ""
    plan_name: str = ""
    requests_per_min: int | None = None
    user_requests_per_min: int | None = None
    key_requests_per_min: int | None = None
    agents: int | None = None
    running: int | None = None
    storage_bytes: int | None = None
    flags: dict[str, bool] = {}
    files_bytes: int = 0
    stored_bytes: int = 0
    storage_level: int = 0
    processes: int = 1

    def share(self, per_minute: int) -> int:
        """What one process lets through of so many requests a minute."""
        return math.ceil(per_minute / self.processes)


UNBOUNDED = Bounds()


class Reads(Protocol):
    def one(self, sql: str, params: Any = None) -> dict[str, Any] | None: ...
    def value(self, sql: str, params: Any = None) -> Any: ...
    def now(self, ahead: float = 0.0) -> str: ...


class Known:
    """The bounds of tenants as this process knows them: at most a second old, and read anew after a change here."""

    def __init__(self, control: Callable[[], AbstractContextManager[Reads]], shared: bool) -> None:
        self._control = control
        self._shared = shared
        self._found: dict[str, tuple[float, Bounds]] = {}

    def of(self, tenant_id: str) -> Bounds:
        """UNBOUNDED for a tenant that is not there, or not yet."""
        now = clock.monotonic()
        until, found = self._found.get(tenant_id, (0.0, UNBOUNDED))
        if until > now:
            return found
        with self._control() as control:
            row = control.one(_SQL, {"id": tenant_id})
            found = _bounds(row, _processes(control) if self._shared else 1) if row else UNBOUNDED
        if len(self._found) >= MOST_KNOWN:
            self._found.clear()
        if row:
            self._found[tenant_id] = (now + KNOWN_S, found)
        return found

    def forget(self) -> None:
        self._found.clear()


def _bounds(row: dict[str, Any], processes: int) -> Bounds:
    own = msgspec.json.decode(row["own_limits"])
    flags = msgspec.json.decode(row["flags"] or "{}") | msgspec.json.decode(row["own_flags"])
    limits = {name: own[name] if name in own else row[name] for name in LIMITS}
    measured = {name: row[name] for name in ("files_bytes", "stored_bytes", "storage_level")}
    return Bounds(
        row["plan_slug"], row["name"] or row["plan_slug"], **limits, flags=flags, **measured, processes=processes
    )


def _processes(control: Reads) -> int:
    sql = "SELECT COUNT(*) AS n FROM workers WHERE role IN ('all', 'web') AND seen_at >= :since"
    return max(1, int(control.value(sql, {"since": control.now(-GONE_S)})))
