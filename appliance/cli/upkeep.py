"""What the owner of a box asks about the box itself."""

import platform

import click

from appliance import __version__, keyfile
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, facts
from appliance.db import library, migrate
from appliance.settings import resource_root


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


@verb("agenthq paths", "agenthq paths --json")
def paths(desk: Desk) -> Shown:
    """Where everything lies."""
    folder = desk.folder
    found = {
        "data": folder,
        "settings": folder / "agenthq.toml",
        "control": folder / "control.db",
        "tenants": folder / "tenants",
        "master_key": keyfile.path(folder),
        "interface": resource_root() / "ui",
    }
    texts = {name: str(path) for name, path in found.items()}
    return Shown(texts, facts([(name.replace("_", " ").capitalize(), path) for name, path in texts.items()]))


@verb("agenthq version", "agenthq version --json")
def version(desk: Desk) -> Shown:
    """The version, and what it is built on."""
    found = {
        "version": __version__,
        "schema": migrate.latest("tenant"),
        "sqlite": library.version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    return Shown(found, facts([(name.capitalize(), value) for name, value in found.items()]))
