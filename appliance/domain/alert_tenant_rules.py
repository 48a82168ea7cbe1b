"""The built-in rules of one tenant: its queue, budgets, calls and accounts."""

from collections.abc import Iterator

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budgets, providers
from appliance.domain.alerts import Fault
from appliance.domain.tenants import Tenant

RULES = frozenset({"queue.stuck", "budget.80", "budget.100", "calls.failing", "provider.down"})
STUCK_S = 300.0
WINDOW_S = 900.0
# Of so many calls at least, more than this share failed within the window.
FEWEST_CALLS, FAILING = 20, 0.25


def faults(db: Database, tenant: Tenant) -> Iterator[Fault]:
    yield from _stuck(db, tenant)
    yield from _budgets(db, tenant)
    yield from _calls(db, tenant)
    yield from _accounts(db, tenant)


def _stuck(db: Database, tenant: Tenant) -> Iterator[Fault]:
    """Ready runs that nobody takes, of agents that could: paused ones and full ones wait on purpose."""
    sql = """SELECT COUNT(*) AS n, MIN(r.ready_at) AS oldest FROM runs r JOIN agents a ON a.id = r.agent_id
      WHERE r.state = 'ready' AND r.ready_at <= :before AND a.paused = FALSE
      AND (SELECT COUNT(*) FROM runs o WHERE o.agent_id = a.id AND o.state = 'running') < a.max_concurrency
      AND NOT EXISTS (SELECT 1 FROM runs b WHERE b.state = 'running' AND b.started_at > :before)"""
    row = db.rows(sql, {"before": clock.ahead(-STUCK_S)})[0]
    if row["n"]:
        waited = clock.seconds_between(row["oldest"], clock.iso()) / 60
        said = f"{row['n']} runs are ready and none begins; the oldest waits for {waited:.0f} minutes."
        yield Fault("queue.stuck", tenant.slug, "critical", said)


def _budgets(db: Database, tenant: Tenant) -> Iterator[Fault]:
    for budget in budgets.all(db):
        if not budget.allowed_nano:
            continue
        used = budget.spent_nano / budget.allowed_nano
        subject = f"{tenant.slug}/{budget.scope}/{budget.scope_name or budget.scope_id}/{budget.span}"
        said = f"{used:.0%} of ${budget.allowed_nano / 1e9:,.2f} per {budget.span} is spent."
        if used >= 1:
            yield Fault("budget.100", subject, "critical", said)
        elif used >= 0.8:
            yield Fault("budget.80", subject, "warning", said)


def _calls(db: Database, tenant: Tenant) -> Iterator[Fault]:
    sql = """SELECT COUNT(*) AS n, SUM(CASE WHEN state = 'ok' THEN 0 ELSE 1 END) AS failed FROM calls
      WHERE started_at > :since AND state <> 'open' AND failure_code <> 'cancelled'"""
    row = db.rows(sql, {"since": clock.ahead(-WINDOW_S)})[0]
    if row["n"] >= FEWEST_CALLS and row["failed"] > FAILING * row["n"]:
        said = f"{row['failed']} of {row['n']} calls of the last {WINDOW_S / 60:.0f} minutes failed."
        yield Fault("calls.failing", tenant.slug, "warning", said)


def _accounts(db: Database, tenant: Tenant) -> Iterator[Fault]:
    resting = {row["provider_id"] for row in db.rows("SELECT provider_id FROM target_health WHERE open_until > ''")}
    for account in providers.all(db):
        if account.paused:
            continue
        if account.out_at:
            said = account.out_reason or "No call goes there."
        elif account.id in resting:
            said = "A model of it failed again and again and rests."
        else:
            continue
        yield Fault("provider.down", f"{tenant.slug}/{account.name}", "critical" if account.out_at else "warning", said)
