"""`agenthq serve` and `agenthq demo`: start everything on this machine, print the link and open it."""

import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from typing import Any

import click

from appliance import __version__, app, settings
from appliance.app import Told
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import as_json, facts
from appliance.listening import Address

Command = Callable[..., None]

ROLES = settings.BY_NAME["role"].choices
# Nobody pays for a simulated call that is cut.
DEMO_GRACE_S = 0


def listening(command: Command) -> Command:
    """The flags of a command that listens."""
    command = click.option("--no-open", is_flag=True, help="Do not open a browser.")(command)
    command = click.option("--insecure-http", is_flag=True, default=None, help="Allow plain HTTP beyond this machine.")(
        command
    )
    command = click.option(
        "--port", metavar="N", type=click.IntRange(0, 65535), help="The first free one of 8420-8429 when left out."
    )(command)
    return click.option("--host", metavar="ADDRESS", help="Address to listen on; 127.0.0.1 when left out.")(command)


@verb(
    "agenthq",
    "agenthq serve --port 8500 --no-open --data /srv/agenthq",
    "agenthq serve --host 0.0.0.0 --behind-proxy 10.0.0.0/8",
    "agenthq serve --role worker",
)
@listening
@click.option("--role", type=click.Choice(ROLES), help="Which parts run in this process.")
@click.option("--workers", metavar="N", type=click.IntRange(1, 1000), help="Runs that work at the same time.")
@click.option("--behind-proxy", metavar="CIDR", help="The TLS proxy in front, whose X-Forwarded headers are believed.")
@click.option("--demo", is_flag=True, help="The same as the command demo.")
def serve(desk: Desk, no_open: bool, demo: bool, **flags: Any) -> None:
    """Start the box, print its link and open it; Ctrl-C stops it."""
    desk.configure(**flags)
    _end_on_signals()
    if demo:
        return _demonstrate(desk, flags, opens=not no_open)
    app.serve(desk.settings, Told(lambda address: _ready(desk, address, opens=not no_open), stopping=_stopping))


@verb("agenthq demo", "agenthq demo --pace fast", "agenthq demo --data ./northwind --port 8500 --no-open")
@listening
@click.option(
    "--pace",
    type=click.Choice(("real", "fast")),
    default="real",
    help="fast: begin with a month of work behind it, done by the real engine in seconds.",
)
@click.option("--seed", metavar="N", type=int, default=7, help="Another month for --pace fast.")
def demo(desk: Desk, no_open: bool, pace: str, seed: int, **flags: Any) -> None:
    """A sample organisation at work with simulated models, in a throw-away folder unless --data names one."""
    desk.configure(**flags)
    _end_on_signals()
    _demonstrate(desk, flags, not no_open, pace == "fast", seed)


def _demonstrate(desk: Desk, flags: dict[str, Any], opens: bool, fast: bool = False, seed: int = 7) -> None:
    from appliance import demo as northwind  # noqa: PLC0415  only the demo needs its sample data

    pace = northwind.Pace(fast, seed)

    def opened(link: str) -> None:
        _open(link, opens)

    if desk.settings.origin("data") == "flag":
        desk.configure(**{**flags, "grace_seconds": DEMO_GRACE_S})
        return northwind.serve(desk.settings, click.echo, opened, _stopping, pace)
    with tempfile.TemporaryDirectory(prefix="agenthq-demo-", ignore_cleanup_errors=True) as folder:
        desk.configure(**{**flags, "data": folder, "grace_seconds": DEMO_GRACE_S})
        northwind.serve(desk.settings, click.echo, opened, _stopping, pace)


def _stopping() -> None:
    click.echo("\nStopping: model calls in flight end first. Ctrl-C again stops at once.", err=True)


def _end_on_signals() -> None:
    for stop in (signal.SIGINT, signal.SIGTERM):
        # The web server raises the signal again once it has stopped; the rest of the box then shuts down in order.
        signal.signal(stop, lambda *_: sys.exit(0))


def _ready(desk: Desk, address: Address, opens: bool) -> None:
    told = {"link": address.first_link, "pid": os.getpid(), "data": str(desk.folder), "version": __version__}
    where = ("Set up" if address.setup_path else "Open", address.first_link)
    if not address.link:
        where = ("Role", desk.settings.role)
    about = [("AgentHQ", __version__), where, ("Data", desk.folder), ("Stop", "Ctrl-C")]
    click.echo(as_json(told) if desk.as_json else facts(about))
    _open(address.first_link, opens)


def _open(link: str, opens: bool) -> None:
    display = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if opens and display and link:
        webbrowser.open(link)
