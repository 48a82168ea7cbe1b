"""`agenthq key`: API keys of a tenant."""

from typing import Any

import click
import msgspec

from appliance.cli.command import decoded, role_option, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, listing, money, table
from appliance.domain import keys
from appliance.domain.key_forms import NewKey


@click.group()
def key() -> None:
    """API keys: for scripts and for tools that call models through the box."""


@verb("agenthq key create --role operator --name ci --expires 90d", "agenthq key create --role viewer --json", into=key)
@tenant_option
@role_option
@click.option("--name", default="command line", show_default=True, help="What the key is for.")
@click.option("--gateway-only", is_flag=True, help="Only model calls, no other route.")
@click.option("--expires", metavar="WHEN", help="A time such as 2027-01-31, or days such as 90d.")
@click.option("--budget-usd", metavar="USD", help="What may be spent with it in all.")
def create(desk: Desk, tenant: str | None, **given: Any) -> Shown:
    """Make a key. Its secret is printed now and never again."""
    with desk.room(tenant) as room, desk.control() as control:
        made = keys.create(control, CLI, room.tenant.id, decoded(NewKey, given))
    about = [("Key", made.secret), ("Id", made.id), ("Role", made.role), ("Tenant", room.tenant.slug)]
    return Shown(made, facts([*about, ("Ends", made.expires_at), ("Keep it", "it is not shown again")]))


@verb("agenthq key list", into=key, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """Keys of a tenant; secrets are not kept, so they can't be listed."""
    with desk.room(tenant) as room, desk.control() as control:
        found = keys.every(control, room.tenant.id)
    rows = [
        (k.id, k.name, k.hint + "…", k.role, k.state, k.budget_nano and money(k.budget_nano), ago(k.used_at))
        for k in found
    ]
    items = [msgspec.to_builtins(k) | {"state": k.state} for k in found]
    heads = ("id", "name", "begins", "role", "state", "budget", "used")
    return listing(items, table(heads, rows, "There is no key yet.", right=("budget",)))


@verb("agenthq key revoke 0193a1c2-…", into=key)
@click.argument("key_id", metavar="ID")
@tenant_option
def revoke(desk: Desk, key_id: str, tenant: str | None) -> Shown:
    """End a key at once."""
    with desk.room(tenant) as room, desk.control() as control:
        keys.revoke(control, CLI, room.tenant.id, key_id)
    return Shown({"id": key_id, "state": "revoked"}, f"Key {key_id} works no longer.")
