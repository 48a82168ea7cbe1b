"""`agenthq template`: the workflows that come with the box."""

import click

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, facts, listing, table
from appliance.domain.instances import trying
from appliance.domain.workflows import templates


@click.group()
def template() -> None:
    """Workflows that come with the box: to use as they are, or to make your own from."""


@verb("agenthq template list", "agenthq template list --json", into=template, name="list")
def list_(desk: Desk) -> Shown:
    """The templates, with what each does."""
    found = templates.listing()
    return listing(
        found, table(("slug", "steps", "what it does"), [(t.slug, t.steps, t.description) for t in found], "")
    )


@verb(
    "agenthq template show release-notes",
    "agenthq template show release-notes --source > release.yaml",
    "agenthq template show release-notes --sample > inputs.json",
    into=template,
)
@click.argument("slug")
@click.option("--source", is_flag=True, help="Print its YAML, to make your own workflow from.")
@click.option("--sample", is_flag=True, help="Print inputs to try it with, as JSON.")
def show(desk: Desk, slug: str, source: bool, sample: bool) -> Shown:
    """What a template does, what it asks for and what to change."""
    found = templates.get(slug)
    if sample:
        return Shown(found.sample, templates.sample_text(slug).rstrip("\n"))
    return Shown(found, (found.source if source else found.readme).rstrip("\n"))


@verb(
    "agenthq template use release-notes",
    "agenthq template use support-triage --run",
    into=template,
)
@click.argument("slug")
@click.option("--run", "run_", is_flag=True, help="Start it with its sample inputs.")
@tenant_option
def use(desk: Desk, slug: str, run_: bool, tenant: str | None) -> Shown:
    """Take a template over: its workflow, and the agents you do not have yet."""
    with desk.room(tenant) as room:
        used = trying.use(room.db, CLI, slug, run=run_)
    applied = used.applied
    state = "is yours now" if applied.created else f"was here already, at version {applied.version}"
    about = [("Workflow", f"{slug} {state}"), ("Agents made", ", ".join(applied.agents) or "none")]
    if used.instance:
        about.append(("Started", f"#{used.instance.number}, with the sample: agenthq task show {used.instance.number}"))
    else:
        about.append(("Start it", f"agenthq workflow run {slug}"))
    return Shown(used, facts(about))
