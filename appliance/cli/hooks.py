"""`agenthq task hook` and `task hooks`: addresses that programs outside post to."""

import click

from appliance import listening
from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, listing, table
from appliance.domain import hooks, tasks
from appliance.domain.hook_forms import NewTaskHook


@verb("agenthq task hook 4 paid")
@click.argument("number")
@click.argument("name")
@tenant_option
def hook(desk: Desk, number: str, name: str, tenant: str | None) -> Shown:
    """Make a secret address: whoever posts to it sends the signal NAME to the task's run. It is printed once."""
    with desk.room(tenant) as room, desk.control() as control:
        found = tasks.get(room.db, number)
        link = listening.own_link(desk.settings, desk.catalogue)
        made = hooks.create(control, room.db, desk.vault, CLI, NewTaskHook(name).of(found.id), link)
    about = [("Address", made.url), ("Id", made.id), ("Signal", made.name), ("Task", f"#{found.number}")]
    return Shown(made, facts([*about, ("Keep it", "it is not shown again")]))


@verb("agenthq task hooks 4", "agenthq task hooks 4 --revoke 0193a1c2-…", name="hooks")
@click.argument("number")
@click.option("--revoke", "hook_id", metavar="ID", help="End this one at once.")
@tenant_option
def hooks_(desk: Desk, number: str, hook_id: str | None, tenant: str | None) -> Shown:
    """The hooks of a task; addresses are not kept, so they can't be listed."""
    with desk.room(tenant) as room, desk.control() as control:
        task_id = tasks.get(room.db, number).id
        if hook_id:
            hooks.revoke(control, CLI, room.tenant.id, hook_id, task_id)
        found = hooks.of_task(control, room.tenant.id, task_id)
    rows = [(h.id, h.name, "revoked" if h.revoked_at else "active", ago(h.created_at), ago(h.used_at)) for h in found]
    return listing(found, table(("id", "signal", "state", "made", "used"), rows, "The task has no hook."))
