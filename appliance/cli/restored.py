"""`agenthq restored`: the folder was put back from a backup."""

from typing import Any

from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, table
from appliance.db import ownership
from appliance.db.troubles import Damaged
from appliance.domain import restored as backup
from appliance.domain import tenants


@verb("agenthq restored --data /var/lib/agenthq")
def restored(desk: Desk) -> Shown:
    """Run once after a backup was put back, before the next start: what it can't know is looked up or asked about."""
    with desk.control() as control, ownership.owned(desk.folder):
        found, faults = {}, {}
        for tenant in tenants.every(control):
            try:
                with desk.catalogue.open(tenant.id) as db:
                    found[tenant.slug] = backup.after_restore(db)
            except Damaged as damaged:
                faults[tenant.slug] = damaged.detail
    rows = [(slug, one.leases, one.asked_again, one.schedules) for slug, one in found.items()]
    items: list[dict[str, Any]] = [{"tenant": slug, "restored": one} for slug, one in found.items()]
    items += [{"tenant": slug, "fault": fault} for slug, fault in faults.items()]
    heads = ("tenant", "runs taken back", "approvals asked again", "schedules disarmed")
    said = [table(heads, rows, "There is no tenant.")] if rows or not faults else []
    said += [f"{slug} is left out: {fault}" for slug, fault in faults.items()]
    return Shown({"items": items}, "\n\n".join(said), int(bool(faults)))
