"""`agenthq tenant plan`: which plan a tenant is on, its own limits, and what it uses."""

from typing import Any

import click

from appliance.cli.command import verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.plan_options import OPTIONS, given_limits, limit_options
from appliance.cli.show import Shown, facts
from appliance.cli.tenants import tenant
from appliance.db.bounds import LIMITS
from appliance.domain import flags, plan_forms, quotas, tenant_plans, tenants
from appliance.domain.tenant_plans import TermsChange

AS_PLAN = "plan"


@verb(
    "agenthq tenant plan acme",
    "agenthq tenant plan acme growth",
    "agenthq tenant plan acme growth --agents 50 --storage none",
    "agenthq tenant plan acme --agents plan",
    into=tenant,
    name="plan",
)
@click.argument("slug")
@click.argument("plan", required=False, default="")
@limit_options
def plan_of(desk: Desk, slug: str, plan: str, **given: Any) -> Shown:
    """Show or set a tenant's plan and its own limits; 'none' is no limit, 'plan' goes back to that of the plan."""
    with desk.control() as control:
        found = tenants.by_slug(control, slug)
        terms = tenant_plans.of(control, found.id)
        if plan or any(value is not None for value in given.values()):
            terms = tenant_plans.change(control, CLI, found.id, _change(plan, given))
    with desk.catalogue.open(found.id) as db:
        used = {one.name: one for one in quotas.usage(db)}
        switches = flags.every(db.bounds)
    lines: list[tuple[str, object]] = [("Tenant", found.slug), ("Plan", f"{terms.plan.slug} ({terms.plan.name})")]
    for name in LIMITS:
        use = f"{plan_forms.shown(name, used[name].used)} of " if name in used else ""
        own = " (its own)" if name in terms.own_limits else ""
        lines.append((plan_forms.WORDS[name], f"{use}{plan_forms.shown(name, terms.limit(name))}{own}"))
    lines += [(name, "on" if on else "off") for name, on in switches.items()]
    return Shown({"terms": terms, "usage": list(used.values()), "flags": switches}, facts(lines))


def _change(plan: str, given: dict[str, Any]) -> TermsChange:
    back = tuple(name for _, name, _ in OPTIONS if given[name] == AS_PLAN)
    own = given_limits({name: None if name in back else value for name, value in given.items()})
    return TermsChange(plan, own, back=back)
