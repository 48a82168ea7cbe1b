"""`agenthq master-key`: where it comes from, and whether it is the right one."""

import click

from appliance import keyfile
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown


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
