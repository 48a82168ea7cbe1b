"""`agenthq tenant suspend`, `resume`, `delete`, `undelete`, `purge`, `usage`: a tenant's life and what it uses."""

import sys

import click

from appliance.cli.command import verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, listing, money, table
from appliance.cli.tenants import tenant
from appliance.domain import tenant_life, tenant_purge, tenant_usage, tenants
from appliance.errors import Problem

yes_option = click.option("--yes", is_flag=True, help="Do not ask for the name of the tenant.")
UNITS = ((2**30, "GB"), (2**20, "MB"), (2**10, "kB"))


@verb(
    "agenthq tenant suspend globex --reason 'invoice 4711 is open'",
    "agenthq tenant suspend globex --reason 'invoice 4711 is open' --yes",
    into=tenant,
)
@click.argument("slug")
@click.option("--reason", default="", help="What its people are told.")
@yes_option
def suspend(desk: Desk, slug: str, reason: str, yes: bool) -> Shown:
    """Refuse its people and programs and hold its runs, until it is resumed."""
    with desk.control() as control:
        found = tenants.by_slug(control, slug)
        tenant_life.check_typed(found, _typed(slug, yes, "Its people are refused and its runs are held."))
        found = tenant_life.suspend(control, CLI, found.id, reason)
    return Shown(found, f"{slug} is suspended. Bring it back with: agenthq tenant resume {slug}")


@verb("agenthq tenant resume globex", into=tenant)
@click.argument("slug")
def resume(desk: Desk, slug: str) -> Shown:
    """Let a suspended tenant work again; held runs go on."""
    with desk.control() as control:
        found = tenant_life.resume(control, CLI, tenants.by_slug(control, slug).id)
    return Shown(found, f"{slug} is active.")


@verb("agenthq tenant delete globex", "agenthq tenant delete globex --yes", into=tenant)
@click.argument("slug")
@yes_option
def delete(desk: Desk, slug: str, yes: bool) -> Shown:
    """Stop all work; its owners can export for 30 days, then it can be undeleted for 7 more, then it is purged."""
    with desk.control() as control:
        found = tenants.by_slug(control, slug)
        typed = _typed(slug, yes, "All work in it stops, and its data is destroyed in 37 days.")
        found = tenant_life.delete(control, CLI, found.id, typed)
    until = (found.state_until or "")[:10]
    return Shown(found, f"{slug} is in {found.state} until {until}. Bring it back with: agenthq tenant undelete {slug}")


@verb("agenthq tenant undelete globex", into=tenant)
@click.argument("slug")
def undelete(desk: Desk, slug: str) -> Shown:
    """Bring a deleted tenant back to what it was."""
    with desk.control() as control:
        found = tenant_life.undelete(control, CLI, tenants.by_slug(control, slug).id)
    return Shown(found, f"{slug} is {found.state}.")


@verb("agenthq tenant purge globex", "agenthq tenant purge globex --yes", into=tenant)
@click.argument("slug")
@yes_option
def purge(desk: Desk, slug: str, yes: bool) -> Shown:
    """Destroy a deleted tenant now: its key, its database and its files. Nothing brings it back."""
    with desk.control() as control:
        found = tenants.by_slug(control, slug)
        if found.state not in tenant_life.LEAVING:
            raise Problem("conflict", f"{slug} is {found.state}. Delete it first: agenthq tenant delete {slug}")
        typed = _typed(slug, yes, "Its data is destroyed now and nothing brings it back.")
        gone = tenant_purge.purge(desk.catalogue, control, desk.vault, CLI, found.id, typed)
    rows = sum(gone.counts.values())
    about = [("Purged", slug), ("Rows", rows), ("Files", gone.files), ("Digest", gone.digest), ("At", gone.done_at)]
    return Shown(gone, facts(about))


@verb("agenthq tenant purged", into=tenant)
def purged(desk: Desk) -> Shown:
    """What was purged: who asked, when, how much, and a digest; the contents are gone."""
    with desk.control() as control:
        found = tenant_purge.evidence(control, 200)
    rows = [(g.slug, g.asked_by, ago(g.began_at), sum(g.counts.values()), g.files, g.digest[:12]) for g in found.items]
    heads = ("tenant", "asked by", "began", "rows", "files", "digest")
    return listing(found.items, table(heads, rows, "Nothing was purged yet.", right=("rows", "files")))


@verb("agenthq tenant usage globex", "agenthq tenant usage --json", into=tenant)
@click.argument("slug", required=False)
def usage(desk: Desk, slug: str | None) -> Shown:
    """What each tenant uses, or one of them: people, storage, and requests, runs, calls and spend of this month."""
    with desk.control() as control:
        which = [tenants.by_slug(control, slug)] if slug else tenants.every(control)
        found = [tenant_usage.listed(desk.catalogue, control, each) for each in which]
    rows = [
        (t.slug, t.shown_state, u.people, u.agents, u.requests, u.runs, u.calls, money(u.spend_nano), size(u.bytes))
        for t, u in ((each, each.usage) for each in found)
    ]
    heads = ("tenant", "state", "people", "agents", "requests", "runs", "calls", "spend", "storage")
    return listing(found, table(heads, rows, "There is no tenant yet.", right=heads[2:]))


def size(count: int) -> str:
    for unit, name in UNITS:
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count} B"


def _typed(slug: str, yes: bool, danger: str) -> str:
    """Raises Problem(usage) where nobody can be asked."""
    if yes:
        return slug
    if not sys.stdin.isatty():
        raise Problem("usage", f"{danger} Say --yes if that is meant.")
    return str(click.prompt(f"{danger} Type {slug} to go on", err=True))
