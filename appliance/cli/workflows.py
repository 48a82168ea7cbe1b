"""`agenthq workflow`: check, apply and compare workflows; instances.py has what starts them and moves them."""

from typing import Any

import click
import msgspec

from appliance.cli import instances
from appliance.cli.command import read_text, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.flowview import about, fault_line, files
from appliance.cli.show import Shown, ago, clip, listing, money, table
from appliance.db.database import Database
from appliance.domain.instances import rows, shown
from appliance.domain.workflows import library, reading
from appliance.domain.workflows.library import Applied
from appliance.errors import Problem

slug_argument = click.argument("slug")


@click.group()
def workflow() -> None:
    """Workflows: steps in YAML that agents, people and programs carry out."""


for command in instances.COMMANDS:
    workflow.add_command(command)


@verb("agenthq workflow validate review.yaml", "agenthq workflow validate flows/ --json", into=workflow)
@click.argument("paths", metavar="FILE…", nargs=-1, required=True)
def validate(desk: Desk, paths: tuple[str, ...]) -> Shown:
    """Say what is wrong with YAML files, by file and line. It needs no box; - is standard input."""
    judged = {file: reading.check(read_text(file)) for path in paths for file in files(path)}
    lines = [fault_line(file, fault) for file, report in judged.items() for fault in report.faults]
    lines += [f"{file}: no fault" for file, report in judged.items() if not report.faults]
    items = [{"file": file, "ok": not report.faults, "faults": report.faults} for file, report in judged.items()]
    return Shown({"items": items, "next_cursor": None}, "\n".join(lines), int(any(r.faults for r in judged.values())))


@verb("agenthq workflow apply review.yaml", "agenthq workflow apply flows/", into=workflow)
@click.argument("path", metavar="FILE|FOLDER")
@tenant_option
def apply(desk: Desk, path: str, tenant: str | None) -> Shown:
    """Make each file's workflow, or its next version when it says something new. Agents it brings are made too."""
    texts = {file: read_text(file) for file in files(path)}
    faults = [fault_line(file, fault) for file, text in texts.items() for fault in reading.check(text).faults]
    if faults:
        return Shown({"items": [], "faults": faults}, "\n".join(faults), 1)
    with desk.room(tenant) as room:
        done = _apply_all(room.db, texts)
    return listing(done, "\n".join(map(_applied, done)))


@verb("agenthq workflow list", into=workflow, name="list")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", default="", help="The next_cursor of the page before.")
@tenant_option
def list_(desk: Desk, limit: int, cursor: str, tenant: str | None) -> Shown:
    """Workflows by their short names."""
    with desk.room(tenant) as room:
        found, spent = library.listing(room.db, limit, cursor), shown.spent(room.db)
    lines = []
    for one in found.items:
        count, nano = spent.get(one.id, (0, 0))
        lines.append((one.slug, clip(one.name, 50), one.version, count, money(nano), ago(one.updated_at)))
    heads = ("workflow", "name", "version", "started", "spent", "changed")
    text = table(heads, lines, "There is no workflow yet.", right=("version", "started", "spent"))
    more = f"\nMore with --cursor {found.next_cursor}" if found.next_cursor else ""
    return listing(found.items, text + more, found.next_cursor)


@verb("agenthq workflow show review", "agenthq workflow show review --yaml > review.yaml", into=workflow)
@slug_argument
@click.option("--version", "number", type=int, metavar="N", help="An earlier version.")
@click.option("--yaml", "as_yaml", is_flag=True, help="Only its text.")
@tenant_option
def show(desk: Desk, slug: str, number: int | None, as_yaml: bool, tenant: str | None) -> Shown:
    """A workflow with its inputs, its steps and its newest instances."""
    with desk.room(tenant) as room:
        found = library.get(room.db, slug)
        version = library.version(room.db, found.id, number)
        newest = rows.listing(room.db, found.id, limit=10).items
    if as_yaml:
        return Shown({"source": version.source}, version.source.rstrip("\n"))
    data: dict[str, Any] = msgspec.to_builtins(found)
    return Shown(data | {"source": version.source, "instances": newest}, about(found, version.definition, newest))


@verb("agenthq workflow versions review", into=workflow)
@slug_argument
@tenant_option
def versions(desk: Desk, slug: str, tenant: str | None) -> Shown:
    """The versions of a workflow, the newest first."""
    with desk.room(tenant) as room:
        found = library.versions(room.db, slug)
    lines = [(one.version, ago(one.at), one.actor, one.digest[:12]) for one in found]
    items = [{"version": one.version, "at": one.at, "actor": one.actor, "digest": one.digest} for one in found]
    return listing(items, table(("version", "saved", "by", "digest"), lines, "", right=("version",)))


@verb("agenthq workflow diff review 1 2", "agenthq workflow diff review", into=workflow)
@slug_argument
@click.argument("a", type=int, required=False)
@click.argument("b", type=int, required=False)
@tenant_option
def diff(desk: Desk, slug: str, a: int | None, b: int | None, tenant: str | None) -> Shown:
    """What version B says otherwise than A; without numbers, what the newest changed."""
    with desk.room(tenant) as room:
        found = library.get(room.db, slug)
        newer = b or found.version
        older = a or max(1, newer - 1)
        text = library.diff(room.db, found.id, older, newer)
    return Shown({"a": older, "b": newer, "diff": text}, text.rstrip("\n") or "There is no difference.")


@verb("agenthq workflow archive review", into=workflow)
@slug_argument
@tenant_option
def archive(desk: Desk, slug: str, tenant: str | None) -> Shown:
    """Take a workflow off the list; nothing starts it any more. What runs goes on."""
    with desk.room(tenant) as room:
        found = library.get(room.db, slug)
        library.archive(room.db, CLI, found.id)
        after = library.get(room.db, found.id)
    return Shown(after, f"{found.slug} is archived.")


def _apply_all(db: Database, texts: dict[str, str]) -> list[Applied]:
    """A file may name a workflow of another, in any order. Raises the first file's Problem when none can be applied."""
    done: list[Applied] = []
    while texts:
        refused: dict[str, Problem] = {}
        for file, text in texts.items():
            try:
                done.append(library.apply(db, CLI, text))
            except Problem as problem:
                refused[file] = problem
        if len(refused) == len(texts):
            file, first = next(iter(refused.items()))
            raise Problem(first.code, f"{file}: {first.detail}", errors=first.errors)
        texts = {file: texts[file] for file in refused}
    return done


def _applied(done: Applied) -> str:
    what = "created" if done.created else f"version {done.version}" if done.changed else "nothing new"
    agents = f"; agents made: {', '.join(done.agents)}" if done.agents else ""
    return f"{done.workflow.slug}: {what}{agents}"
