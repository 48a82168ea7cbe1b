"""`agenthq run`: what agents work on and worked on, attempt by attempt."""

import click

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, ago, clip, listing, money, table, words
from appliance.domain import agents, run_list
from appliance.domain.run_list import STATES, Listed


@click.group()
def run() -> None:
    """Runs: single attempts of an agent at a task."""


@verb("agenthq run list", "agenthq run list --state failed --agent mara", into=run, name="list")
@click.option("--state", type=click.Choice(STATES), default=None)
@click.option("--agent", metavar="AGENT", help="The agent's slug.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", default="", help="The next_cursor of the page before.")
@tenant_option
def list_(desk: Desk, state: str | None, agent: str | None, limit: int, cursor: str, tenant: str | None) -> Shown:
    """Runs of all tasks, the newest first."""
    with desk.room(tenant) as room:
        agent_id = agents.get(room.db, agent).id if agent else ""
        found = run_list.listing(room.db, state or "", agent_id, cursor, limit)
    heads = ("task", "attempt", "state", "agent", "title", "why", "cost", "queued")
    text = table(heads, map(_row, found.items), "There is no such run.", right=("task", "attempt", "cost"))
    more = f"\nMore with --cursor {found.next_cursor}" if found.next_cursor else ""
    return listing(found.items, text + more, found.next_cursor)


def _row(run: Listed) -> tuple[object, ...]:
    why = run.failure_code or run.reason
    named = (run.task_number, run.attempt, words(run.state), run.agent_slug, clip(run.task_title, 40))
    return (*named, words(why), money(run.cost_nano), ago(run.created_at))
