"""Figures that are read when somebody asks: what is under way, queues, budgets, breakers, processes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

from appliance import __version__, clock
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.db.troubles import Damaged
from appliance.domain import budgets, providers, tenants, workers
from appliance.domain.budgets import Budget
from appliance.metrics.bounded import Labels
from appliance.metrics.table import GAUGES, OTHER

RUNS = "agenthq_runs"
REMOVED = "removed"
# Each count reads an index of just these rows.
_RUNS = " UNION ALL ".join(
    f"SELECT '{state}' AS state, COUNT(*) AS n FROM runs WHERE state = '{state}'"
    for state in ("ready", "running", "waiting", "parked")
)
_QUEUE = "SELECT COUNT(*) AS n, MIN(ready_at) AS oldest FROM runs WHERE state = 'ready' AND ready_at <= :now"
_OPEN = """SELECT surface, COUNT(*) AS n FROM calls WHERE id IN (SELECT call_id FROM reservations) AND state = 'open'
  GROUP BY surface"""

_BREAKERS = "SELECT provider_id, model, open_until FROM target_health"


class Names(NamedTuple):
    """What stands for ids on the page: tenants' short names, accounts' names by tenant and id."""

    tenants: dict[str, str]
    providers: dict[tuple[str, str], str]


class Figures(NamedTuple):
    gauges: dict[str, dict[Labels, float]]
    names: Names


class Reading:
    """One look at all tenants, or at one."""

    def __init__(self) -> None:
        self.found: dict[str, dict[Labels, float]] = defaultdict(dict)
        self._open: Counter[str] = Counter()
        self._budgets: list[tuple[float, Labels]] = []
        self._breakers: list[tuple[float, Labels]] = []
        self.names = Names({}, {})

    def tenant(self, db: Database, slug: str) -> None:
        accounts = providers.all(db)
        self.names.providers.update({(db.name, account.id): account.name for account in accounts})
        self._engine(db, slug)
        for row in db.rows(_OPEN):
            self._open[row["surface"]] += row["n"]
        for row in db.rows(_BREAKERS):
            account = self.names.providers.get((db.name, row["provider_id"]), REMOVED)
            self._breakers.append((float(bool(row["open_until"])), (slug, account, row["model"])))
        for budget in budgets.all(db):
            self._budgets.append((_ratio(budget), (slug, budget.scope, _subject(budget), budget.span)))

    def _engine(self, db: Database, slug: str) -> None:
        for row in db.rows(_RUNS):
            self._put(RUNS, (slug, row["state"]), row["n"])
        now = clock.iso()
        queue = db.rows(_QUEUE, {"now": now})[0]
        waited = clock.seconds_between(queue["oldest"], now) if queue["oldest"] else 0.0
        self._put("agenthq_queue_depth", (slug,), queue["n"])
        self._put("agenthq_queue_oldest_seconds", (slug,), waited, max)

    def _put(self, name: str, labels: Labels, value: float, join: Callable[[Iterable[float]], float] = sum) -> None:
        """Beyond the cap, tenants are told as one."""
        values = self.found[name]
        if labels not in values and len(values) >= GAUGES[name].cap:
            labels = (OTHER, *labels[1:])
        values[labels] = join((values.get(labels, 0.0), value))

    def done(self) -> Figures:
        for surface, n in self._open.items():
            self.found["agenthq_calls_open"][(surface,)] = n
        for name, found in (("agenthq_budget_used_ratio", self._budgets), ("agenthq_breaker_open", self._breakers)):
            self.found[name] = {labels: value for value, labels in sorted(found, reverse=True)[: GAUGES[name].cap]}
        self.found["agenthq_info"][(__version__,)] = 1
        return Figures(dict(self.found), self.names)


def read(catalogue: Catalogue, only: str = "") -> Figures:
    """Of every tenant that works, or of the one with the id `only`, without what belongs to the box."""
    reading = Reading()
    with catalogue.control() as control:
        found = [tenant for tenant in tenants.every(control) if only in ("", tenant.id)]
        roles = Counter(worker.role for worker in workers.all(control) if worker.role != workers.COMMAND)
    for tenant in found:
        reading.names.tenants[tenant.id] = tenant.slug
        if tenant.state == "active":
            # One in maintenance has no figures; the others keep theirs.
            with suppress(Damaged), catalogue.open(tenant.id) as db:
                reading.tenant(db, tenant.slug)
    for role, n in roles.items():
        reading.found["agenthq_processes"][(role,)] = n
    return reading.done()


def _ratio(budget: Budget) -> float:
    """A limit of 0 is reached from the start."""
    used = budget.spent_nano + budget.reserved_nano
    return used / budget.allowed_nano if budget.allowed_nano else 1.0


def _subject(budget: Budget) -> str:
    return (budget.scope_name or budget.scope_id)[:80]
