"""`agenthq template`: the workflows that come with the box."""

import click

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, facts, listing
from appliance.domain.instances import trying
from appliance.domain.workflows import templates


@click.group()
def template() -> None:
    """Workflows that come with the box: to use as they are, or to make your own from."""


@verb("agenthq template list", "agenthq template list --json", into=template, name="list")
def list_(desk: Desk) -> Shown:
    """The templates, with what each does."""
    found = templates.listing()
    wide = max(len(one.slug) for one in found) + 2
    lines = [click.wrap_text(one.description, 100, one.slug.ljust(wide), " " * wide) for one in found]
    return listing(found, "\n".join(lines))


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
        number = used.instance.number
        about.append(("Started", f"#{number}, with the sample: agenthq workflow instance {number} --watch"))
    else:
        about.append(("Try it", f"agenthq template use {slug} --run"))
        about.append(("Use it", f"agenthq template show {slug} --sample > inputs.json, change that, and then"))
        about.append(("", f"agenthq workflow run {slug} --inputs @inputs.json"))
    return Shown(used, facts(about))
