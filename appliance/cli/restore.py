"""`agenthq restore`: from a backup back to a living box."""

from pathlib import Path

import click

from appliance.app import open_data
from appliance.backup import kit, places, restoring
from appliance.backup.kit import Kit
from appliance.backup.means import Means, turn
from appliance.backup.restoring import Found, Source, Whole, Wish
from appliance.cli.command import read_text, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, table
from appliance.crypto import Vault
from appliance.db import datafolder, ownership
from appliance.db.database import Database
from appliance.domain import tenants, workers
from appliance.errors import Problem
from appliance.gateway.targets.folder import Config, FolderTarget
from appliance.gateway.targets.target import Target

HEADS = ("tenant", "backup of", "rows", "schedules disarmed", "newer ones that were damaged")


@verb(
    "agenthq restore --kit kit.txt --from /mnt/backups --data /var/lib/agenthq",
    "agenthq restore --kit kit.txt --from nas",
    "agenthq restore --tenant acme --from here --force",
)
@click.option("--kit", "kit_file", default="", metavar="FILE", help="The recovery kit; - is standard input.")
@click.option("--from", "origin", required=True, metavar="WHERE", help="A folder, or the name of a target.")
@click.option("--tenant", metavar="SLUG|ID", help="Only this tenant, into the living box; stop the server first.")
@click.option("--backup", "wanted", default="", metavar="ID", help="Not the newest, with --tenant.")
@click.option("--force", is_flag=True, help="Where data lives: set it aside (it is kept) and go back to the backup.")
def restore(desk: Desk, kit_file: str, origin: str, tenant: str | None, wanted: str, force: bool) -> Shown:
    """Put a box or one tenant back. Nothing is overwritten: what lives there is kept aside, and only with --force."""
    read = kit.read(read_text(kit_file)) if kit_file else None
    if tenant:
        return _tenant(desk, read, origin, Wish(tenant, wanted, force))
    if read is None:
        raise Problem("usage", "A whole box needs its recovery kit: --kit FILE. For one tenant say --tenant SLUG.")
    return _box(desk, read, origin, force)


def _box(desk: Desk, read: Kit, origin: str, force: bool) -> Shown:
    source = Source(_from_kit(read, origin), read.vault())
    datafolder.prepare(desk.folder, shared=bool(desk.settings.database_url))
    with ownership.owned(desk.folder), turn(desk.folder):
        if desk.settings.database_url:
            with open_data(desk.settings) as server:
                with server.control() as control:
                    workers.refuse_others(control)
                done = restoring.box(desk.folder, source, CLI, force, server)
        else:
            done = restoring.box(desk.folder, source, CLI, force)
    return Shown(restoring.told(done), _told(desk.folder, done), int(bool(done.missing)))


def _told(folder: Path, done: Whole) -> str:
    lines = [_line(one) for one in done.tenants]
    text = table(HEADS, lines, "The box had no tenant.")
    text += "".join(f"\nNOT restored: {slug}: {why}" for slug, why in done.missing.items())
    text += f"\nWhat was there before is in {done.aside}." if done.aside else ""
    text += f"\nThe rows from before are in the schemas {done.schemas}_… of the server." if done.schemas else ""
    return f"{text}\nThe box is in {folder}, as it was {ago(done.control_at)}. Everybody signs in anew: agenthq serve"


def _tenant(desk: Desk, read: Kit | None, origin: str, wish: Wish) -> Shown:
    with desk.control() as control, desk.alone(), turn(desk.folder) as work:
        means = Means(desk.catalogue, desk.vault)
        vault = read.vault() if read else means.vault
        source = Source(_named(control, desk, origin), vault)
        done = restoring.tenant(means, source, CLI, wish._replace(owner=_owner(control, wish.owner)), work)
    text = table(
        ("tenant", "backup of", "rows", "schedules disarmed", "newer ones that were damaged"), [_line(done)], ""
    )
    where = f"in {desk.folder / 'aside'}"
    where += ", its rows in a schema aside_… of the server" if desk.catalogue.shared else ""
    then = f"The data from before is {where}. Its members sign in anew. Look at its schedules first."
    return Shown(done._asdict(), f"{text}\n{then}")


def _line(one: Found) -> tuple[object, ...]:
    disarmed = one.restored.schedules if one.restored else 0
    return one.slug, ago(one.at), f"{one.rows:,}", disarmed, "; ".join(one.passed_over)


def _owner(control: Database, named: str) -> str:
    """A slug of this box, or the id of a tenant that it does not know (the folder's name among the backups)."""
    known = next((each.id for each in tenants.every(control) if named in (each.slug, each.id)), "")
    if not known and len(named) != 36:
        raise Problem("not_found", f"This box has no tenant {named}. Take its id: the name of its folder of backups.")
    return known or named


def _from_kit(read: Kit, origin: str) -> Target:
    for each in read.targets:
        if origin == each.place.name:
            return places.connect(each.place, each.secret)
    return _folder(origin, [each.place.name for each in read.targets])


def _named(control: Database, desk: Desk, origin: str) -> Target:
    vault: Vault = desk.vault
    for place in places.every(control, desk.folder):
        if origin == place.name:
            return places.opened(control, vault, place)
    return _folder(origin, [place.name for place in places.every(control, desk.folder)])


def _folder(origin: str, known: list[str]) -> Target:
    if not Path(origin).is_dir():
        raise Problem("usage", f"{origin} is neither a folder nor a target ({', '.join(known) or 'there is none'}).")
    return FolderTarget(Config(origin))
