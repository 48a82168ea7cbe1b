"""The built-in rules: one look at the box and at each tenant, which raises what is wrong and clears what is over."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from appliance import clock, diskspace
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.db.troubles import Damaged
from appliance.domain import alerts, budgets, heartbeats, proofs, providers, tenants
from appliance.domain.alerts import Fault, Severity
from appliance.domain.tenants import Tenant
from appliance.errors import Problem

STUCK_S = 300.0
WINDOW_S = 900.0
# Of so many calls at least, more than this share failed within the window.
FEWEST_CALLS, FAILING = 20, 0.25
CERTIFICATE_DAYS = 21
CERTIFICATE_CRITICAL_DAYS = 7


class Seen(NamedTuple):
    """What one look found, and which tenants it could not look into: nothing of theirs is taken for over.

    Nothing at all is over after a look that was `cut`.
    """

    faults: list[Fault]
    unseen: set[str]
    cut: bool = False


def watch(
    catalogue: Catalogue, certificate_ends: str | None = None, pause: Callable[[float], bool] = lambda _: False
) -> None:
    """One look, and the state of all alerts after it. `certificate_ends` is ISO text, None without a certificate.

    After each tenant `pause` gets the seconds that it took, and says whether to stop before the next.
    """
    seen = look(catalogue, certificate_ends, pause)
    found = {(fault.rule, fault.subject): fault for fault in seen.faults}
    with catalogue.control() as control:
        for fault in found.values():
            alerts.raise_(control, *fault)
        if seen.cut:
            return
        for alert in alerts.open_ones(control):
            unseen = alert.subject.partition("/")[0] in seen.unseen and alert.rule in OF_TENANTS
            if alert.rule in LOOKED_AT and (alert.rule, alert.subject) not in found and not unseen:
                alerts.clear(control, alert.rule, alert.subject)
        alerts.remind(control)


def look(catalogue: Catalogue, certificate_ends: str | None, pause: Callable[[float], bool] = lambda _: False) -> Seen:
    with catalogue.control() as control:
        faults = [*_silent(control), *_disk(catalogue), *_certificate(certificate_ends)]
        found = [tenant for tenant in tenants.every(control) if tenant.state == "active"]
        faults += proofs.faults(control, found)
    seen = Seen(faults, set())
    for tenant in found:
        begun = clock.monotonic()
        _look_into(catalogue, tenant, seen)
        if pause(clock.monotonic() - begun):
            return seen._replace(cut=True)
    return seen


def _look_into(catalogue: Catalogue, tenant: Tenant, seen: Seen) -> None:
    try:
        with catalogue.open(tenant.id) as db:
            seen.faults.extend(of_tenant(db, tenant))
    except Problem as problem:
        if isinstance(problem, Damaged):
            seen.faults.append(Fault("tenant.maintenance", tenant.slug, "critical", problem.detail))
        seen.unseen.add(tenant.slug)


def of_tenant(db: Database, tenant: Tenant) -> Iterator[Fault]:
    yield from _stuck(db, tenant)
    yield from _budgets(db, tenant)
    yield from _calls(db, tenant)
    yield from _accounts(db, tenant)


def _silent(control: Database) -> Iterator[Fault]:
    for pulse in heartbeats.pulses(control):
        if pulse.silent:
            said = f"The {pulse.part} gave no sign of life for {pulse.age_s:.0f} s."
            yield Fault("scheduler.silent", pulse.part, "critical", said)


def _disk(catalogue: Catalogue) -> Iterator[Fault]:
    space = diskspace.look(catalogue.folder)
    if space.share < diskspace.FLOOR:
        yield Fault("disk.low", "", "critical", f"{space.words}: no new work is begun.")
    elif space.share < 2 * diskspace.FLOOR:
        yield Fault("disk.low", "", "warning", f"{space.words}; below 5 % no new work is begun.")


def _certificate(ends: str | None) -> Iterator[Fault]:
    if ends is None:
        return
    left = (clock.parse(ends) - clock.now()) / timedelta(days=1)
    if left < CERTIFICATE_DAYS:
        severity: Severity = "critical" if left < CERTIFICATE_CRITICAL_DAYS else "warning"
        said = f"It ended at {ends}." if left < 0 else f"It ends at {ends}, in {left:.0f} days."
        yield Fault("certificate.ending", "", severity, said)


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


OF_TENANTS = frozenset({"queue.stuck", "budget.80", "budget.100", "calls.failing", "provider.down"})
OF_BOX = frozenset({"scheduler.silent", "disk.low", "certificate.ending", "tenant.maintenance"})
LOOKED_AT = OF_TENANTS | OF_BOX | proofs.RULES
