"""The built-in rules: one look at the box and at each tenant, which raises what is wrong and clears what is over."""

from collections.abc import Callable, Mapping
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from appliance import clock
from appliance.db.tenants import Catalogue
from appliance.db.troubles import Damaged
from appliance.domain import alert_box_rules, alert_tenant_rules, alerts, proofs, tenants
from appliance.domain.alerts import Fault
from appliance.domain.tenants import Tenant
from appliance.errors import Problem

LOOKED_AT = alert_tenant_rules.RULES | alert_box_rules.RULES | proofs.RULES


Worth = Callable[[set[str]], list[Tenant]]
Passed = Mapping[str, list[Fault]]


class Seen(NamedTuple):
    """What one look found, and which tenants it could not look into: nothing of theirs is taken for over.

    Nothing at all is over after a look that was `cut`.
    """

    faults: list[Fault]
    unseen: set[str]
    cut: bool = False


def watch(
    catalogue: Catalogue,
    certificate_ends: str | None = None,
    pause: Callable[[float], bool] = lambda _: False,
    worth: Worth | None = None,
    passed: Passed = MappingProxyType({}),
) -> None:
    """One look, and the state of all alerts after it. `certificate_ends` is ISO text, None without a certificate.

    After each tenant `pause` gets the seconds that it took, and says whether to stop before the next. `worth` gets the
    slugs with open alerts and gives the tenants to look into; what is known of others stays. All, when left out.
    What was found in others just before is `passed`, by the tenant's id.
    """
    seen = look(catalogue, certificate_ends, pause, worth, passed)
    found = {(fault.rule, fault.subject): fault for fault in seen.faults}
    with catalogue.control() as control:
        for fault in found.values():
            alerts.raise_(control, *fault)
        if seen.cut:
            return
        for alert in alerts.open_ones(control):
            unseen = alert.subject.partition("/")[0] in seen.unseen and alert.rule in alert_tenant_rules.RULES
            if alert.rule in LOOKED_AT and (alert.rule, alert.subject) not in found and not unseen:
                alerts.clear(control, alert.rule, alert.subject)
        alerts.remind(control)


def look(
    catalogue: Catalogue,
    certificate_ends: str | None,
    pause: Callable[[float], bool] = lambda _: False,
    worth: Worth | None = None,
    passed: Passed = MappingProxyType({}),
) -> Seen:
    with catalogue.control() as control:
        faults = [*alert_box_rules.faults(control, catalogue, certificate_ends)]
        found = [tenant for tenant in tenants.every(control) if tenant.state == "active"]
        faults += proofs.faults(control, found)
        alerted = {alert.subject.partition("/")[0] for alert in alerts.open_ones(control)}
    chosen = {tenant.id for tenant in (worth(alerted) if worth else found)}
    # One in maintenance is told by the refusal to open it.
    chosen |= {tenant.id for tenant in found if catalogue.rests(tenant.id)}
    known = passed.keys() - chosen
    faults += chain.from_iterable(passed[tenant.id] for tenant in found if tenant.id in known)
    seen = Seen(faults, {tenant.slug for tenant in found if tenant.id not in chosen | known})
    now = [tenant for tenant in found if tenant.id in chosen]
    for tenant in now:
        begun = clock.monotonic()
        _look_into(catalogue, tenant, seen)
        if pause(clock.monotonic() - begun):
            return seen._replace(cut=True)
    return seen


def _look_into(catalogue: Catalogue, tenant: Tenant, seen: Seen) -> None:
    try:
        with catalogue.open(tenant.id) as db:
            seen.faults.extend(alert_tenant_rules.faults(db, tenant))
    except Problem as problem:
        if isinstance(problem, Damaged):
            seen.faults.append(Fault("tenant.maintenance", tenant.slug, "critical", problem.detail))
        seen.unseen.add(tenant.slug)
