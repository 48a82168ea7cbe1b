"""`agenthq install`: the program into a place where it stays, beside earlier versions."""

from pathlib import Path

import click

from appliance import __version__
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, facts
from appliance.release import layout


@verb("agenthq install", "sudo ./agenthq install --to /opt/agenthq")
@click.option("--to", metavar="DIR", help="/opt/agenthq for root, else ~/.local/lib/agenthq.")
def install(desk: Desk, to: str | None) -> Shown:
    """Lay this program out as DIR/versions/X and let DIR/current lead to it."""
    home = Path(to).expanduser().absolute() if to else layout.default_home()
    layout.refuse_data_inside(home, desk.folder)
    layout.lay_out(layout.ourselves(), home, __version__)
    layout.point(home, __version__)
    found = layout.read(home)
    lines = facts([("Program", found.program), ("Version", found.current), ("There are", ", ".join(found.versions))])
    shown = {"home": str(home), "current": found.current, "versions": found.versions, "program": str(found.program)}
    return Shown(shown, f"{lines}\nStart it with the machine: {found.program} service install")
