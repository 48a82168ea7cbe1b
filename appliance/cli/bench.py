"""`agenthq bench --crash`: is work lost or repeated when this program is killed on this machine?"""

import click

from appliance import crashbench
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown


@verb("agenthq bench --crash", "agenthq bench --crash --runs 1000 --kills 20 --seed 7")
@click.option("--crash", is_flag=True, required=True, help="Kill servers at random while they work.")
@click.option("--runs", "count", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How much work.")
@click.option("--kills", type=click.IntRange(0, 1000), default=5, show_default=True, help="How many servers die.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed kills at other moments.")
def bench(desk: Desk, crash: bool, count: int, kills: int, seed: int) -> Shown:
    """Measure in a throw-away folder with simulated models; your data is not touched. Exit code 1 when work was lost
    or done twice.
    """
    found = crashbench.run(count, kills, seed)
    return Shown(found._asdict() | {"ok": found.ok}, found.line(), int(not found.ok))
