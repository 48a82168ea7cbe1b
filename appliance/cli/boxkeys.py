"""`agenthq box-key`: keys for the API of the box, for programs that look after tenants."""

import click
import msgspec

from appliance.cli.command import decoded, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, listing, table
from appliance.domain import box_keys
from appliance.domain.box_keys import NewBoxKey


@click.group()
def box_key() -> None:
    """Keys of the box: whoever holds one may make, suspend and delete tenants over the API."""


@verb("agenthq box-key create --name terraform --expires 90d", into=box_key)
@click.option("--name", required=True, help="What the key is for.")
@click.option("--expires", metavar="WHEN", help="A time such as 2027-01-31, or days such as 90d.")
def create(desk: Desk, name: str, expires: str | None) -> Shown:
    """Make a key. Its secret is printed now and never again."""
    with desk.control() as control:
        made = box_keys.create(control, CLI, decoded(NewBoxKey, {"name": name, "expires": expires}))
    about = [("Key", made.secret), ("Id", made.id), ("Ends", made.expires_at)]
    return Shown(made, facts([*about, ("Keep it", "it is not shown again")]))


@verb("agenthq box-key list", into=box_key, name="list")
def list_(desk: Desk) -> Shown:
    """Keys of the box; secrets are not kept, so they can't be listed."""
    with desk.control() as control:
        found = box_keys.every(control)
    rows = [(k.id, k.name, k.hint + "…", k.state, ago(k.created_at), ago(k.used_at)) for k in found]
    items = [msgspec.to_builtins(k) | {"state": k.state} for k in found]
    heads = ("id", "name", "begins", "state", "made", "used")
    return listing(items, table(heads, rows, "There is no key of the box yet."))


@verb("agenthq box-key revoke 0193a1c2-…", into=box_key)
@click.argument("key_id", metavar="ID")
def revoke(desk: Desk, key_id: str) -> Shown:
    """End a key at once."""
    with desk.control() as control:
        box_keys.revoke(control, CLI, key_id)
    return Shown({"id": key_id, "state": "revoked"}, "The key works no longer.")
