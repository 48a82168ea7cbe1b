"""`agenthq wake`: what set agents to work, what was kept from it, and why."""

import click

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, ago, clip, listing, table, words
from appliance.domain import agents, tasks, wake_list
from appliance.domain.wake_list import Filter, Listed
from appliance.domain.wake_rows import REASONS, STATES

HEADS = ("task", "became", "reason", "agent", "title", "depth", "why", "when", "chain")


@click.group()
def wake() -> None:
    """Wakes: why an agent looks at a task, and what became of that."""


@verb(
    "agenthq wake list",
    "agenthq wake list --state dropped",
    "agenthq wake list --agent mara --reason child_ended",
    into=wake,
    name="list",
)
@click.option("--state", type=click.Choice(STATES), default=None)
@click.option("--reason", type=click.Choice(REASONS), default=None)
@click.option("--agent", metavar="AGENT", help="The agent's slug.")
@click.option("--task", metavar="TASK", help="The task's number.")
@click.option("--chain", metavar="CHAIN", default="", help="The chain's id.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", default="", help="The next_cursor of the page before.")
@tenant_option
def list_(
    desk: Desk,
    state: str | None,
    reason: str | None,
    agent: str | None,
    task: str | None,
    chain: str,
    limit: int,
    cursor: str,
    tenant: str | None,
) -> Shown:
    """Wakes of all tasks, the newest first."""
    with desk.room(tenant) as room:
        agent_id = agents.get(room.db, agent).id if agent else ""
        task_id = tasks.get(room.db, task).id if task else ""
        chosen = Filter(state or "", reason or "", agent_id, task_id, chain)
        found = wake_list.listing(room.db, chosen, cursor, limit)
    more = f"\nMore with --cursor {found.next_cursor}" if found.next_cursor else ""
    return listing(found.items, _table(found.items, "There is no such wake.") + more, found.next_cursor)


@verb("agenthq wake chain 01a21d62-3498-7e4f-bc91-7ecf37dbca0e", into=wake)
@click.argument("chain")
@tenant_option
def chain(desk: Desk, chain: str, tenant: str | None) -> Shown:
    """The wakes of one chain, the first one first."""
    with desk.room(tenant) as room:
        found = wake_list.chain(room.db, chain)
    return listing(found, _table(found, "There is no such chain."))


def _table(found: list[Listed], empty: str) -> str:
    return table(HEADS, map(_row, found), empty, right=("task", "depth"))


def _row(found: Listed) -> tuple[object, ...]:
    named = (found.task_number, words(found.state), words(found.reason), found.agent_slug, clip(found.task_title, 30))
    return (*named, found.depth, clip(found.detail, 40), ago(found.created_at), found.chain)
