"""`agenthq update`: another version from a signed file, without a network."""

import contextlib
from pathlib import Path

import click

from appliance import children
from appliance.cli import systemd
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, facts
from appliance.db import before, migrate
from appliance.db.database import Database
from appliance.db.tenants import CONTROL, kind_of
from appliance.domain import tenants
from appliance.errors import Problem
from appliance.release import layout, putting_back
from appliance.release import update as updates
from appliance.release.gate import fault_of
from appliance.release.trial import Hands
from appliance.release.update import Outcome

TRY_S = 300
from_option = click.option(
    "--from", "release", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path)
)
in_option = click.option("--in", "home", metavar="DIR", help="Where the program is installed.")


@click.group()
def update() -> None:
    """Another version from a signed file: looked at, let in, taken back."""


@verb("agenthq update check --from agenthq-1.4.0.release", into=update)
@from_option
@in_option
def check(desk: Desk, release: Path, home: str | None) -> Shown:
    """Is the file signed by who you trust, whole, newer, and for this machine?"""
    found = updates.check(_home(home), release, desk.settings.update_key)
    lines = [("Version", found.version), ("For", found.platform), ("Made", found.made_at), ("SHA-256", found.sha256)]
    return Shown(found, f"{facts(lines)}\nLet it in with: agenthq update apply --from {release}")


@verb("sudo agenthq update apply --from agenthq-1.4.0.release", into=update)
@from_option
@in_option
def apply(desk: Desk, release: Path, home: str | None) -> Shown:
    """Try the new program, copy the data, switch over, and go back by itself when it does not serve."""
    done = updates.apply(_home(home), release, desk.settings.update_key, desk.folder, _hands(desk))
    return Shown(done, _words(done), int(done.state == "rolled_back"))


@verb("sudo agenthq update rollback --yes", into=update)
@in_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def rollback(desk: Desk, home: str | None, yes: bool) -> Shown:
    """The version before. Data that the newer one has migrated goes back to its copy: what was done since is lost."""
    if not yes:
        click.confirm("Work done since the update may be lost. Go back?", abort=True, err=True)
    done = updates.rollback(_home(home), _hands(desk))
    return Shown(done, _words(done), int(bool(done.fault)))


def _home(given: str | None) -> Path:
    return Path(given).expanduser().absolute() if given else layout.own_home() or layout.default_home()


def _hands(desk: Desk) -> Hands:
    def put_back() -> int:
        own = systemd.installed()
        if own is not None:
            systemd.stop(own)
        if desk.server():
            raise Problem("conflict", "Stop the server first: its data goes back to the before.")
        return putting_back.put_back(desk.folder)

    def restart() -> bool:
        own = systemd.installed()
        if own is not None:
            systemd.restart(own)
        return own is not None

    return Hands(_tried, lambda: _keep(desk), restart, lambda version: fault_of(desk.folder, version), put_back)


def _tried(program: Path, words: tuple[str, ...]) -> str:
    process = children.start([str(program), *words])
    with process:
        out, err = process.communicate(timeout=TRY_S)
    return (err.strip() or out.strip() or f"It ended with {process.returncode}.") if process.returncode else ""


def _keep(desk: Desk) -> None:
    """Of all databases as they are; PostgreSQL's copies are its own backup's."""
    if not desk.has_box:
        return
    with desk.catalogue.as_found(CONTROL) as control:
        _copy(desk, control)
        found = [tenant.id for tenant in tenants.every(control)]
    for tenant_id in filter(desk.catalogue.exists, found):
        with desk.catalogue.as_found(tenant_id) as db:
            _copy(desk, db)


def _copy(desk: Desk, db: Database) -> None:
    """One that is damaged already is no reason against an update."""
    with contextlib.suppress(Problem):
        if (found := migrate.version(db)) == migrate.latest(kind_of(db.name)):
            before.forget(desk.folder, db.name)
        desk.catalogue.keep_copy(db, found)


def _words(done: Outcome) -> str:
    if done.state == "waiting":
        return f"Version {done.version} is in place. Restart the server to use it; back: agenthq update rollback"
    if done.state == "rolled_back":
        return f"Version {done.previous} did not serve ({done.fault}). Version {done.version} is back with its data."
    return f"Version {done.version} serves." + (f" But: {done.fault}" if done.fault else "")
