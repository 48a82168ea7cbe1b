"""`agenthq selftest`: does this very program work on this machine?"""

import click

from appliance import selftest as trial
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown


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
