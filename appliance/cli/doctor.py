"""`agenthq doctor`: is everything all right with this box?"""

import click

from appliance import app
from appliance import doctor as examination
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, table


@verb("agenthq doctor", "agenthq doctor --fix", "agenthq doctor --json")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend, say what was done, and look again.")
def doctor(desk: Desk, fix: bool) -> Shown:
    """Look at the program, the data folder and what is in it; changes nothing. Exit code 1 when something is wrong."""
    found = list(examination.examine(desk.settings, app.ask_queue))
    mended = examination.mend(desk.settings, found) if fix else []
    if mended:
        found = list(examination.examine(desk.settings, app.ask_queue))
    rows = [(f.severity, f.id, " ".join(filter(None, (f.subject, f.evidence)))) for f in found]
    fixes = [f"{f.id}: {f.fix}" for f in found if f.fix and f.severity != "ok"]
    done = [f"Mended {one.id}: {one.said}." for one in mended]
    parts = [done, [table(("", "check", "seen"), rows, "")], fixes]
    text = "\n\n".join("\n".join(part) for part in parts if part)
    wrong = any(f.severity == "error" for f in found)
    items = [f._asdict() for f in found]
    return Shown({"ok": not wrong, "items": items, "mended": [one._asdict() for one in mended]}, text, int(wrong))
