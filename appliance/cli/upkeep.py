"""What the owner of a box asks about the box itself."""

import platform

import click

from appliance import __version__, keyfile
from appliance import doctor as examination
from appliance import selftest as trial
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, facts, table
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


@verb("agenthq doctor", "agenthq doctor --json")
def doctor(desk: Desk) -> Shown:
    """Look at the program, the data folder and what is in it; changes nothing. Exit code 1 when something is wrong."""
    found = list(examination.examine(desk.settings))
    rows = [(f.severity, f.id, f.evidence) for f in found]
    fixes = [f"{f.id}: {f.fix}" for f in found if f.fix and f.severity != "ok"]
    text = "\n".join([table(("", "check", "seen"), rows, ""), *([""] if fixes else []), *fixes])
    wrong = any(f.severity == "error" for f in found)
    return Shown({"ok": not wrong, "items": [f._asdict() for f in found]}, text, int(wrong))


@verb("agenthq selftest")
def selftest(desk: Desk) -> Shown:
    """Start this very program in a scratch folder, use it and take it down again. Exit code 1 when something fails."""
    found = []
    for result in trial.run():
        found.append(result)
        if not desk.as_json:
            click.echo(
                f"{'failed' if result.fault else 'ok':<6}  {result.seconds:5.2f} s  {result.name}  {result.fault}"
            )
    failed = sum(bool(result.fault) for result in found)
    text = f"{len(found) - failed} of {len(found)} checks passed."
    return Shown({"ok": not failed, "items": [result._asdict() for result in found]}, text, int(failed > 0))


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
