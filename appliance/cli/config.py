"""`agenthq config`: every setting, its value and where it came from."""

import click

from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, listing, table
from appliance.settings import TABLE


@click.group()
def config() -> None:
    """Settings: their values, and where each came from."""


@verb("agenthq config show", "agenthq config show --origin", into=config)
@click.option("--origin", is_flag=True, help="Also where each value came from.")
def show(desk: Desk, origin: bool) -> Shown:
    """Every setting; secrets are hidden."""
    found = [
        {"name": s.name, "value": _value(desk, s.name, s.secret), "origin": desk.settings.origin(s.name)} for s in TABLE
    ]
    fields = ("name", "value", "origin") if origin else ("name", "value")
    heads = ("setting", "value", "from")[: len(fields)]
    return listing(found, table(heads, [[row[field] for field in fields] for row in found], ""))


@verb("agenthq config check", into=config)
def check(desk: Desk) -> Shown:
    """Read the settings and say whether they can be used; exit code 78 when not."""
    changed = [s.name for s in TABLE if desk.settings.origin(s.name) != "default"]
    text = f"The settings are valid; {', '.join(changed) or 'all'} {'differ from' if changed else 'have'} the default."
    return Shown({"valid": True, "changed": changed}, text)


def _value(desk: Desk, name: str, secret: bool) -> str:
    value = getattr(desk.settings, name)
    return "(hidden)" if secret and value else str(desk.folder) if name == "data" else str(value)
