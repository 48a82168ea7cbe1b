"""`agenthq paths` and `agenthq version`: where it is and what it is."""

import platform
import sys

from appliance import __version__, keyfile
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, facts
from appliance.db import before, library, migrate
from appliance.release import layout
from appliance.settings import resource_root


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
        "copies": folder / before.FOLDER,
        "interface": resource_root() / "ui",
        "program": layout.own_home() or sys.executable,
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
