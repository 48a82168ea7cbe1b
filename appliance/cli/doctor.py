"""`agenthq doctor`: is everything all right with this box?"""

from appliance import doctor as examination
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, table


@verb("agenthq doctor", "agenthq doctor --json")
def doctor(desk: Desk) -> Shown:
    """Look at the program, the data folder and what is in it; changes nothing. Exit code 1 when something is wrong."""
    found = list(examination.examine(desk.settings))
    rows = [(f.severity, f.id, f.evidence) for f in found]
    fixes = [f"{f.id}: {f.fix}" for f in found if f.fix and f.severity != "ok"]
    text = "\n".join([table(("", "check", "seen"), rows, ""), *([""] if fixes else []), *fixes])
    wrong = any(f.severity == "error" for f in found)
    return Shown({"ok": not wrong, "items": [f._asdict() for f in found]}, text, int(wrong))
