"""`agenthq master-key`: where it comes from, and whether it is the right one."""

import click

from appliance import keyfile
from appliance.backup import rotating
from appliance.backup.means import Means
from appliance.cli.command import verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown
from appliance.errors import Problem


@click.group()
def master_key() -> None:
    """The master key, which opens every stored secret."""


@verb("agenthq master-key status", into=master_key, name="status")
def key_status(desk: Desk) -> Shown:
    """Where the key comes from, and whether it opens this data; a wrong one is told with the fix."""
    with desk.control():
        """Opening checks the key."""
    origin = desk.settings.origin("master_key") if desk.settings.master_key else str(keyfile.path(desk.folder))
    text = f"The master key from {origin} opens this data. Keep a copy of it apart from the backups."
    return Shown({"origin": origin, "opens_data": True}, text)


@verb("agenthq master-key rotate --yes", into=master_key)
@click.option("--yes", is_flag=True, help="The present recovery kit is kept: older backups open with it alone.")
def rotate(desk: Desk, yes: bool) -> Shown:
    """Make a new master key; stop the server first. Backups from before it open only with the kit from before it."""
    if not yes:
        raise Problem("usage", "Keep the present kit for older backups (agenthq backup kit), then say --yes.")
    if desk.settings.master_key:
        origin = desk.settings.origin("master_key")
        said = f"The key comes from {origin}. Put it into {keyfile.path(desk.folder)} and take the setting away first."
        raise Problem("config", said)
    with desk.control(), desk.alone():
        means = Means(desk.catalogue, desk.vault)
        generation = rotating.rotate(means, CLI, keyfile.path(desk.folder), keyfile.next_path(desk.folder))
    text = (
        f"The master key of generation {generation} is in use. Now: agenthq backup run, and print the new kit with "
        "agenthq backup kit. Keep the old kit as long as backups from before today."
    )
    return Shown({"generation": generation}, text)
