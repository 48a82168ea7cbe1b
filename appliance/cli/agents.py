"""`agenthq agent`: the team."""

from typing import Any

import click
import msgspec

from appliance.cli.command import decoded, read_text, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, facts, listing, money, table
from appliance.domain import agent_forms, agents, org, policies
from appliance.domain.agent_forms import NewAgent
from appliance.domain.agents import Agent
from appliance.domain.policies import NewEdge


@click.group()
def agent() -> None:
    """Agents: workers with instructions, a model, tools, a manager and a budget."""


@verb(
    "agenthq agent create mara --name 'Mara Quill' --title Writer --model simulated --instructions 'Write plainly.'",
    "agenthq agent create rex --name Rex --model OpenAI/gpt-5-mini --instructions-file rex.md --tool workspace.read",
    into=agent,
)
@click.argument("slug")
@click.option("--name", default="", help="Made from the slug when left out.")
@click.option("--title", default="", help="What the agent is in the team.")
@click.option("--model", required=True, help="A model id, or ACCOUNT/MODEL to name the provider account too.")
@click.option("--instructions", default="", help="How to work.")
@click.option("--instructions-file", metavar="FILE", help="The same from a file; - is standard input.")
@click.option("--manager", metavar="SLUG", help="Whom the agent reports to.")
@click.option(
    "--tool",
    "tools",
    multiple=True,
    type=click.Choice(agent_forms.TOOLS),
    help="May be repeated; when left out, those for files, comments and the end of the task.",
)
@click.option(
    "--concurrency", "max_concurrency", type=int, default=2, show_default=True, help="Tasks at the same time."
)
@click.option("--budget-usd-month", metavar="USD", help="What the agent may spend in a month.")
@tenant_option
def create(desk: Desk, tenant: str | None, instructions_file: str | None, **given: Any) -> Shown:
    """Add an agent to the team."""
    text = read_text(instructions_file) if instructions_file else given["instructions"]
    given["name"] = given["name"] or given["slug"].replace("-", " ").title()
    new = decoded(NewAgent, {**given, "instructions": text or "Do what the task asks."})
    with desk.room(tenant) as room:
        made = agents.create(room.db, CLI, new)
    return Shown(
        view(made), f"{made.name} is in the team. Give work with: agenthq task create 'Title' --to {made.slug}"
    )


@verb("agenthq agent list", into=agent, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """The team and what it is doing."""
    with desk.room(tenant) as room:
        found = agents.all(room.db)
    names = {a.id: a.slug for a in found}
    rows = [
        (a.slug, a.name, a.title, names.get(a.manager_id or "", ""), a.model, a.status, a.running, a.queued)
        for a in found
    ]
    heads = ("agent", "name", "title", "manager", "model", "status", "running", "queued")
    text = table(heads, rows, "There is no agent yet. Make one with: agenthq agent create", right=("running", "queued"))
    return listing([view(a) for a in found], text)


@verb("agenthq agent show mara", into=agent)
@click.argument("slug")
@tenant_option
def show(desk: Desk, slug: str, tenant: str | None) -> Shown:
    """An agent with its instructions."""
    with desk.room(tenant) as room:
        found = agents.get(room.db, slug)
    return Shown(view(found), f"{_facts(found)}\n\n{found.instructions}")


@verb("agenthq agent pause mara", into=agent)
@click.argument("slug")
@tenant_option
def pause(desk: Desk, slug: str, tenant: str | None) -> Shown:
    """Start nothing new; what runs now goes on to its end."""
    return _set_paused(desk, tenant, slug, True)


@verb("agenthq agent resume mara", into=agent)
@click.argument("slug")
@tenant_option
def resume(desk: Desk, slug: str, tenant: str | None) -> Shown:
    """Take up queued work again."""
    return _set_paused(desk, tenant, slug, False)


@verb("agenthq agent move rex --to noor", "agenthq agent move rex --top", into=agent)
@click.argument("slug")
@click.option("--to", "manager", metavar="SLUG", help="The new manager.")
@click.option("--top", is_flag=True, help="Let the agent report to nobody.")
@tenant_option
def move(desk: Desk, slug: str, manager: str | None, top: bool, tenant: str | None) -> Shown:
    """Give an agent another manager; everybody below comes along."""
    if bool(manager) == top:
        raise click.UsageError("Say either --to SLUG or --top.")
    with desk.room(tenant) as room:
        found = org.move(room.db, CLI, slug, manager)
    return Shown(view(found), f"{found.name} reports to {manager or 'nobody'} now.")


@verb(
    "agenthq agent policy mara",
    "agenthq agent policy mara --allow peers --deny zed",
    "agenthq agent policy mara --forget peers",
    into=agent,
)
@click.argument("slug")
@click.option("--allow", "allow", multiple=True, metavar="TARGET", help="An agent's slug, reports, peers or anyone.")
@click.option("--deny", "deny", multiple=True, metavar="TARGET", help="The same; the narrowest rule counts.")
@click.option("--forget", "forget", multiple=True, metavar="TARGET", help="Take the rule about it away.")
@tenant_option
def policy(
    desk: Desk, slug: str, allow: tuple[str, ...], deny: tuple[str, ...], forget: tuple[str, ...], tenant: str | None
) -> Shown:
    """To whom an agent may hand work: down the tree, unless its rules say otherwise."""
    with desk.room(tenant) as room:
        for target in forget:
            policies.remove(room.db, CLI, slug, target)
        for verdict, targets in (("allow", allow), ("deny", deny)):
            for target in targets:
                policies.put(room.db, CLI, slug, NewEdge(target, verdict))
        rules = policies.of(room.db, slug)
        allowed = policies.may_hand_to(room.db, agents.get(room.db, slug).id)
    told = table(("rule", "about"), [(edge.verdict, edge.target) for edge in rules], "It has no rules of its own.")
    names = ", ".join(one.slug for one in allowed) or "nobody but itself"
    data = {"items": msgspec.to_builtins(rules), "may_hand_to": [one.slug for one in allowed]}
    return Shown(data, f"{told}\n\nIt may hand work to: {names}.")


def view(found: Agent) -> dict[str, Any]:
    return {**msgspec.to_builtins(found), "status": found.status}


def _set_paused(desk: Desk, tenant: str | None, slug: str, paused: bool) -> Shown:
    with desk.room(tenant) as room:
        found = agents.set_paused(room.db, CLI, slug, paused)
    return Shown(view(found), f"{found.name} is {found.status}; {found.running} running, {found.queued} queued.")


def _facts(found: Agent) -> str:
    budget = None if found.budget_nano_month is None else f"{money(found.budget_nano_month)} a month"
    return facts(
        [
            ("Agent", f"{found.slug} ({found.name})"),
            ("Title", found.title),
            ("Status", found.status),
            ("Model", found.model),
            ("Tools", ", ".join(found.tools)),
            ("At a time", found.max_concurrency),
            ("Budget", budget),
            ("Revision", found.revision),
        ]
    )
