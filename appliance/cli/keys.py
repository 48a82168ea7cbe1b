"""`agenthq key`: API keys of a tenant."""

from typing import Any

import click
import msgspec

from appliance.cli.command import decoded, role_option, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, listing, money, table
from appliance.domain import key_rotation, key_terms, keys
from appliance.domain.key_forms import KeyChange, NewKey
from appliance.domain.key_rotation import Rotation

WITHOUT = {name.replace("_", "-"): name for name in ("expires", "budget_usd", "agent", "project", "models")}
WITHOUT |= {"requests": "requests_per_min", "tokens": "tokens_per_min", "parallel": "parallel"}


@click.group()
def key() -> None:
    """API keys: for scripts and for tools that call models through the box."""


name_option = click.option("--name", metavar="TEXT", help="What the key is for.")
COVERS = (
    click.option("--expires", metavar="WHEN", help="A time such as 2027-01-31, or days such as 90d."),
    click.option("--budget-usd", metavar="USD", help="What may be spent with it in all."),
    click.option("--agent", metavar="SLUG", help="Its calls count on this agent."),
    click.option("--project", metavar="NAME", help="Its calls count on this project."),
    click.option(
        "--model", "models", multiple=True, metavar="NAME", help="What it may ask for; again for more; * is any."
    ),
    click.option("--requests", "requests_per_min", type=int, help="Requests a minute."),
    click.option("--tokens", "tokens_per_min", type=int, help="Tokens a minute."),
    click.option("--parallel", type=int, help="Calls at the same time."),
)


def covers(command: Any) -> Any:
    """The options that say what a key covers."""
    for option in reversed(COVERS):
        command = option(command)
    return command


@verb(
    "agenthq key create --role operator --name ci --expires 90d",
    "agenthq key create --gateway-only --name 'Claude Code' --budget-usd 25 --model 'claude-*' --parallel 4",
    "agenthq key create --role viewer --json",
    into=key,
)
@tenant_option
@role_option
@click.option("--name", default="command line", show_default=True, help="What the key is for.")
@click.option("--gateway-only", is_flag=True, help="Only model calls, no other route.")
@covers
def create(desk: Desk, tenant: str | None, **given: Any) -> Shown:
    """Make a key. Its secret is printed now and never again."""
    with desk.room(tenant) as room, desk.control() as control:
        made = key_terms.issue(control, room.db, CLI, room.tenant.id, decoded(NewKey, given))
    about = [("Key", made.secret), ("Id", made.id), ("Role", made.role), ("Tenant", room.tenant.slug)]
    return Shown(made, facts([*about, ("Ends", made.expires_at), ("Keep it", "it is not shown again")]))


@verb(
    "agenthq key change 0193a1c2-… --budget-usd 50 --requests 120",
    "agenthq key change 0193a1c2-… --without budget-usd --without models",
    into=key,
)
@click.argument("key_id", metavar="ID")
@tenant_option
@name_option
@covers
@click.option("--without", multiple=True, type=click.Choice(WITHOUT), help="Take this away; again for more.")
@click.option("--confirm", is_flag=True, help="Yes, a budget that far above the old one.")
def change(desk: Desk, key_id: str, tenant: str | None, without: tuple[str, ...], **given: Any) -> Shown:
    """Change what a key covers; it holds from its next call on."""
    gone: dict[str, Any] = {WITHOUT[name]: () if name == "models" else None for name in without}
    said = {name: value for name, value in given.items() if value not in (None, "", (), False)}
    with desk.room(tenant) as room, desk.control() as control:
        change = msgspec.convert(said | gone, KeyChange, strict=False)
        made = key_terms.change(control, room.db, CLI, room.tenant.id, key_id, change)
    return Shown(made, f"Key {made.name} is changed.")


@verb("agenthq key list", into=key, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """Keys of a tenant; secrets are not kept, so they can't be listed."""
    with desk.room(tenant) as room, desk.control() as control:
        found = key_terms.shown(room.db, keys.every(control, room.tenant.id))
    rows = [
        (
            k.id,
            k.name,
            k.hint + "…",
            k.role,
            k.state,
            None if k.budget_nano is None else money(k.budget_nano),
            ago(k.used_at),
        )
        for k in found
    ]
    items = [msgspec.to_builtins(k) | {"state": k.state} for k in found]
    heads = ("id", "name", "begins", "role", "state", "budget", "used")
    return listing(items, table(heads, rows, "There is no key yet.", right=("budget",)))


@verb("agenthq key rotate 0193a1c2-… --old-until 2d", "agenthq key rotate 0193a1c2-… --end-old", into=key)
@click.argument("key_id", metavar="ID")
@tenant_option
@click.option("--old-until", default="7d", show_default=True, metavar="WHEN", help="How long the old secret works.")
@click.option("--end-old", is_flag=True, help="Make no other secret: end the old one of the last rotation now.")
def rotate(desk: Desk, key_id: str, tenant: str | None, old_until: str, end_old: bool) -> Shown:
    """Give a key another secret, printed now and never again; the old one works beside it for a while."""
    with desk.room(tenant) as room, desk.control() as control:
        if end_old:
            ended = key_rotation.end_old(control, CLI, room.tenant.id, key_id)
            return Shown(ended, f"The old secret of {ended.name} works no longer.")
        made = key_rotation.rotate(control, CLI, room.tenant.id, key_id, Rotation(old_until))
    about = [("Key", made.secret), ("Id", made.id), ("Old one", f"{made.old_hint}… works until {made.old_until}")]
    return Shown(made, facts([*about, ("Keep it", "it is not shown again")]))


@verb("agenthq key revoke 0193a1c2-…", into=key)
@click.argument("key_id", metavar="ID")
@tenant_option
def revoke(desk: Desk, key_id: str, tenant: str | None) -> Shown:
    """End a key at once."""
    with desk.room(tenant) as room, desk.control() as control:
        keys.revoke(control, CLI, room.tenant.id, key_id)
    return Shown({"id": key_id, "state": "revoked"}, f"Key {key_id} works no longer.")
