"""`agenthq support-bundle`: what helps somebody else to see what is wrong, without secrets and contents."""

from pathlib import Path

import click

from appliance import app, support
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, table
from appliance.crypto import Vault
from appliance.errors import Problem


@verb(
    "agenthq support-bundle --preview",
    "agenthq support-bundle --preview --file doctor.json",
    "agenthq support-bundle --out support.zip",
)
@click.option("--preview", is_flag=True, help="Show what would be in it, and write nothing.")
@click.option("--file", "name", metavar="NAME", help="With --preview: show this file whole.")
@click.option("--out", metavar="FILE", default="agenthq-support.zip", show_default=True, help="The zip to write.")
def support_bundle(desk: Desk, preview: bool, name: str | None, out: str) -> Shown:
    """Write a zip with findings, settings, versions, counts and the end of the log; secrets are taken out."""
    parts = support.collect(desk.settings, _vault(desk), app.ask_queue)
    told = {"items": [{"name": part.name, "bytes": len(part.text.encode())} for part in parts]}
    rows = [(part.name, len(part.text.encode())) for part in parts]
    text = table(("file", "bytes"), rows, "", right=("bytes",))
    if preview:
        return _shown(parts, name) if name else Shown(told, f"{text}\n\nLook at one with --preview --file NAME.")
    support.write(Path(out), parts)
    return Shown(told | {"file": out}, f"{text}\n\nWritten to {out}. Look through it before you pass it on.")


def _shown(parts: list[support.Part], name: str) -> Shown:
    found = next((part for part in parts if part.name == name), None)
    if found is None:
        raise Problem("usage", f"There is no file {name} in it; there are: {', '.join(part.name for part in parts)}.")
    return Shown({"name": found.name, "text": found.text}, found.text.rstrip())


def _vault(desk: Desk) -> Vault | None:
    """To know secrets by; a box whose key is missing can still ask for help."""
    try:
        return desk.vault if desk.has_box else None
    except Problem:
        return None
