"""`agenthq restored`: the folder was put back from a backup."""

from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, table
from appliance.db import ownership
from appliance.domain import restored as backup
from appliance.domain import tenants


@verb("agenthq restored --data /var/lib/agenthq")
def restored(desk: Desk) -> Shown:
    """Run once after a backup was put back, before the next start: what it can't know is looked up or asked about."""
    with desk.control() as control, ownership.owned(desk.folder):
        found = {}
        for tenant in tenants.every(control):
            with desk.catalogue.open(tenant.id) as db:
                found[tenant.slug] = backup.after_restore(db)
    rows = [(slug, one.leases, one.asked_again, one.schedules) for slug, one in found.items()]
    data = {"items": [{"tenant": slug, "restored": one} for slug, one in found.items()]}
    heads = ("tenant", "runs taken back", "approvals asked again", "schedules disarmed")
    return Shown(data, table(heads, rows, "There is no tenant."))
