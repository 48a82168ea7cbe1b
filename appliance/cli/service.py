"""`agenthq service`: the box as a service of the operating system."""

import sys

import click

from appliance.cli import systemd
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown
from appliance.errors import Problem
from appliance.release import layout, units
from appliance.release.units import Service

SYSTEMS = {"systemd": units.systemd, "launchd": units.launchd, "windows": units.windows}
own_option = click.option(
    "--user", "own", is_flag=True, help="A service of yours alone; without it, of the whole machine."
)


@click.group()
def service() -> None:
    """Start the box with the machine, and keep it running."""


@verb(
    "sudo agenthq service install",
    "agenthq service install --user",
    "agenthq service install --print",
    "agenthq service install --for launchd",
    into=service,
)
@own_option
@click.option("--as", "run_as", default="", metavar="USER", help="Run as this user; without it systemd makes one.")
@click.option("--print", "only_print", is_flag=True, help="Print the file and change nothing.")
@click.option("--for", "system", type=click.Choice(tuple(SYSTEMS)), help="Print it for this system.")
def install(desk: Desk, own: bool, run_as: str, only_print: bool, system: str | None) -> Shown:
    """Write the unit for systemd and start it. For macOS and Windows, print what to do."""
    wanted = _service(desk, own, run_as)
    shows = only_print or bool(system)
    if not (shows or wanted.program.exists()):
        raise Problem("config", f"Nothing is installed in {wanted.program.parents[1]} yet. Run: agenthq install")
    usual = {"darwin": "launchd", "win32": "windows"}.get(sys.platform, "systemd")
    text = SYSTEMS[system or usual](wanted)
    if shows or usual != "systemd":
        return Shown({"text": text, "path": str(units.path(own))}, text.rstrip("\n"))
    systemd.add(own, text)
    state = systemd.states(own)
    return Shown({"path": str(units.path(own)), **state}, f"Installed as {units.path(own)}\n{systemd.words(state)}")


@verb("sudo agenthq service uninstall", "agenthq service uninstall --user", into=service)
@own_option
def uninstall(desk: Desk, own: bool) -> Shown:
    """Stop the service and take its unit away. Program and data stay."""
    path = units.path(own)
    if not path.exists():
        raise Problem("not_found", f"There is no service: {path} does not exist.")
    systemd.remove(own)
    return Shown({"removed": str(path)}, f"The service is gone. The data in {desk.folder} stays.")


@verb("agenthq service status", "agenthq service status --user --json", into=service)
@own_option
def status(desk: Desk, own: bool) -> Shown:
    """Is it installed, and does it run? Exit code 1 when it does not."""
    path = units.path(own)
    state = systemd.states(own) if path.exists() else {"ActiveState": "not installed"}
    return Shown({"path": str(path), **state}, systemd.words(state), int(state["ActiveState"] != "active"))


def _service(desk: Desk, own: bool, run_as: str) -> Service:
    home = layout.own_home() or layout.default_home()
    data = desk.folder.absolute()
    if not own and not run_as and units.STATE not in data.parents:
        if desk.settings.origin("data") != "default":
            raise Problem("config", f"{data} needs a user of its own: name one with --as, or keep data in /var/lib.")
        data = units.STATE / units.NAME
    single = layout.read(home).current != "" and not (home / "current/_internal").exists()
    return Service(layout.read(home).program, data, own, run_as, single)
