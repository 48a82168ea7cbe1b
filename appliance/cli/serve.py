"""`agenthq serve`: start everything on this machine, print the link and open it."""

import os
import signal
import sys
import webbrowser
from typing import Any

import click

from appliance import __version__, app
from appliance.app import Address
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import as_json, facts


@verb(
    "agenthq",
    "agenthq serve --port 8500 --no-open --data /srv/agenthq",
    "agenthq serve --host 0.0.0.0 --behind-proxy 10.0.0.0/8",
)
@click.option("--host", help="Address to listen on; 127.0.0.1 when left out.")
@click.option("--port", type=click.IntRange(0, 65535), help="The first free one of 8420-8429 when left out.")
@click.option("--role", type=click.Choice(["all", "web"]), help="Which parts run in this process.")
@click.option("--workers", type=click.IntRange(1, 1000), help="Runs that work at the same time.")
@click.option("--behind-proxy", metavar="CIDR", help="The TLS proxy in front, whose X-Forwarded headers are believed.")
@click.option("--insecure-http", is_flag=True, default=None, help="Allow plain HTTP beyond this machine.")
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
def serve(desk: Desk, no_open: bool, **flags: Any) -> None:
    """Start the box, print its link and open it; Ctrl-C stops it."""
    desk.configure(**flags)
    start(desk, opens=not no_open)


def start(desk: Desk, opens: bool) -> None:
    for stop in (signal.SIGINT, signal.SIGTERM):
        # The web server raises the signal again once it has stopped; the rest of the box then shuts down in order.
        signal.signal(stop, lambda *_: sys.exit(0))
    app.serve(desk.settings, lambda address: _ready(desk, address, opens))


def _ready(desk: Desk, address: Address, opens: bool) -> None:
    told = {"link": address.first_link, "pid": os.getpid(), "data": str(desk.folder), "version": __version__}
    first = "Set up" if address.setup_path else "Open"
    about = [("AgentHQ", __version__), (first, address.first_link), ("Data", desk.folder), ("Stop", "Ctrl-C")]
    click.echo(as_json(told) if desk.as_json else facts(about))
    if opens and _has_display():
        webbrowser.open(address.first_link)


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
