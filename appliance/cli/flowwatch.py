"""Following an instance from the command line: its steps as they change, until it has ended."""

import time

import click

from appliance.cli import watch
from appliance.cli.desk import Desk, Room
from appliance.cli.instanceview import as_text, step_line
from appliance.cli.show import Shown, money, words
from appliance.domain.instances import rows, shown
from appliance.domain.instances.rows import Instance
from appliance.errors import Problem

POLL_SECONDS = 0.2
Seen = set[tuple[str, int, str]]


def to_its_end(desk: Desk, room: Room, found: Instance) -> Shown:
    """Print each change of a step. Raises Problem(conflict) when the instance fails or is cancelled."""
    seen: Seen = set()
    since = ""
    while True:
        # Read before the steps, so that at its end no step is missed.
        found = rows.by_id(room.db, found.id)
        since = _tell(desk, room, found, seen, since)
        if not found.open:
            break
        if watch.idle(desk):
            raise Problem("unavailable", f"The server has stopped; #{found.number} goes on when it starts again.")
        time.sleep(POLL_SECONDS)
    bill = shown.work(room.db, [found.task_id])[found.task_id]
    ending = f"#{found.number} has {words(found.state)}. It cost {money(bill.cost_nano)}."
    if found.state == "succeeded":
        output = "" if found.output is None else f"\n\n{as_text(found.output)}"
        return Shown(found, ending + output)
    ending = ending.replace("has cancelled", "is cancelled")
    raise Problem("conflict", f"{ending} {found.failed_path}: {found.failure_detail}".rstrip(": "))


def _tell(desk: Desk, room: Room, found: Instance, seen: Seen, since: str) -> str:
    """Print what is new; the time to look from the next time."""
    changed = shown.changed(room.db, found.id, since)
    work = shown.work(room.db, [node.task_id for node in changed if node.task_id])
    for node in changed:
        key = (node.path, node.attempt, node.state)
        if key not in seen and not desk.as_json:
            click.echo(step_line(node, work.get(node.task_id or "")))
        seen.add(key)
    return max([since, *(node.finished_at or node.started_at for node in changed)])
