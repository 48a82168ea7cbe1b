"""`agenthq workflow run` and what follows it: instances, their steps, and what moves them."""

import click
import msgspec

from appliance.cli import flowwatch, watch
from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.flowinputs import inputs as read_inputs
from appliance.cli.instanceview import whole
from appliance.cli.show import Shown, ago, clip, listing, money, table, words
from appliance.domain.instances import nodes, rows, shown, starting, verbs
from appliance.domain.instances.rows import STATES, Instance
from appliance.domain.workflows import library
from appliance.errors import Problem

ref_argument = click.argument("ref", metavar="REF")
watch_option = click.option("--watch", "follow", is_flag=True, help="Show the steps as they happen, to its end.")


@verb(
    "agenthq workflow run review -i change=471 --watch",
    'agenthq workflow run review --inputs \'{"change": "471", "reviewers": 3}\'',
    "agenthq workflow run review --inputs @inputs.json --idem monday",
)
@click.argument("slug")
@click.option("-i", "pairs", multiple=True, metavar="KEY=VALUE", help="An input; may be repeated.")
@click.option("--inputs", "whole_", default="", metavar="JSON|@FILE", help="All inputs as one JSON object.")
@click.option("--version", type=int, metavar="N", help="Not the newest version but this one.")
@click.option("--idem", default="", metavar="KEY", help="The same key again answers the instance it made.")
@click.option("--title", default="", help="What it is called on the board.")
@watch_option
@tenant_option
def run(
    desk: Desk,
    slug: str,
    pairs: tuple[str, ...],
    whole_: str,
    version: int | None,
    idem: str,
    title: str,
    follow: bool,
    tenant: str | None,
) -> Shown:
    """Start an instance of a workflow."""
    if follow:
        watch.need_server(desk)
    with desk.room(tenant) as room:
        schema = library.version(room.db, slug, version).definition.inputs
        given = read_inputs(schema, pairs, whole_)
        made = starting.start(room.db, CLI, slug, given, version=version, idem=idem, title=title)
        return flowwatch.to_its_end(desk, room, made) if follow else Shown(made, _told(desk, made))


@verb("agenthq workflow instances", "agenthq workflow instances --workflow review --state failed")
@click.option("--workflow", default="", metavar="SLUG")
@click.option("--state", type=click.Choice(STATES), default=None)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", default="", help="The next_cursor of the page before.")
@tenant_option
def instances(desk: Desk, workflow: str, state: str | None, limit: int, cursor: str, tenant: str | None) -> Shown:
    """Instances, the newest first."""
    with desk.room(tenant) as room:
        found = rows.listing(room.db, workflow, state or "", limit, cursor)
        bills = shown.work(room.db, [one.task_id for one in found.items])
    lines = [
        (
            one.number,
            one.slug,
            words(one.state),
            clip(one.title, 50),
            money(bills[one.task_id].cost_nano),
            ago(one.created_at),
        )
        for one in found.items
    ]
    heads = ("#", "workflow", "state", "title", "cost", "started")
    text = table(heads, lines, "There is no such instance.", right=("#", "cost"))
    more = f"\nMore with --cursor {found.next_cursor}" if found.next_cursor else ""
    return listing(found.items, text + more, found.next_cursor)


@verb(
    "agenthq workflow instance 12",
    "agenthq workflow instance 12 --scope 'each[17]'",
    "agenthq workflow instance 12 --watch",
)
@ref_argument
@click.option("--scope", metavar="BLOCK", help="Only the steps of a block, such as each[17] or big/then.")
@watch_option
@tenant_option
def instance(desk: Desk, ref: str, scope: str | None, follow: bool, tenant: str | None) -> Shown:
    """An instance with its steps; REF is its number or id."""
    with desk.room(tenant) as room:
        found = rows.get(room.db, ref)
        if follow:
            return flowwatch.to_its_end(desk, room, found)
        steps = nodes.of(room.db, found.id, scope)
        work = shown.work(room.db, [found.task_id, *(node.task_id for node in steps if node.task_id)])
    text = whole(found, work[found.task_id], steps, work)
    return Shown({"instance": found, "nodes": steps, "cost_nano": work[found.task_id].cost_nano}, text)


@verb("agenthq workflow pause 12")
@ref_argument
@tenant_option
def pause(desk: Desk, ref: str, tenant: str | None) -> Shown:
    """Let what runs end, and start nothing new."""
    with desk.room(tenant) as room:
        return _after(verbs.pause(room.db, CLI, ref))


@verb("agenthq workflow resume 12")
@ref_argument
@tenant_option
def resume(desk: Desk, ref: str, tenant: str | None) -> Shown:
    """Go on after a pause."""
    with desk.room(tenant) as room:
        return _after(verbs.resume(room.db, CLI, ref))


@verb("agenthq workflow cancel 12")
@ref_argument
@tenant_option
def cancel(desk: Desk, ref: str, tenant: str | None) -> Shown:
    """End an instance and everything it has open. Nothing is undone; files and costs stay."""
    with desk.room(tenant) as room:
        return _after(verbs.cancel(room.db, CLI, ref))


@verb("agenthq workflow signal 12 paid --payload '{\"amount\": 5}' --idem invoice-7")
@ref_argument
@click.argument("name")
@click.option("--payload", metavar="JSON", default="null", help="At most 64 KB.")
@click.option("--idem", default="", metavar="KEY", help="The same key again sends nothing new.")
@tenant_option
def signal(desk: Desk, ref: str, name: str, payload: str, idem: str, tenant: str | None) -> Shown:
    """Tell an instance something a step waits for, or will wait for."""
    try:
        told = msgspec.json.decode(payload)
    except msgspec.DecodeError as error:
        raise Problem("usage", f"The payload is not valid JSON: {error}.") from error
    with desk.room(tenant) as room:
        found = rows.get(room.db, ref)
        sent = verbs.signal(room.db, CLI, found.id, name, told, idem)
    return Shown(sent, f"Signal {sent.name} is kept for #{found.number}.")


@verb("agenthq workflow again 12 --from publish --watch", "agenthq workflow again 12 --from publish --version 3")
@ref_argument
@click.option("--from", "step", required=True, metavar="STEP", help="The first step to do anew.")
@click.option("--version", type=int, metavar="N", help="By another version of the workflow.")
@watch_option
@tenant_option
def again(desk: Desk, ref: str, step: str, version: int | None, follow: bool, tenant: str | None) -> Shown:
    """A new instance that does everything from a step on anew; what came before is taken over and costs nothing."""
    if follow:
        watch.need_server(desk)
    with desk.room(tenant) as room:
        made = verbs.again(room.db, CLI, room.files, ref, step, version)
        return flowwatch.to_its_end(desk, room, made) if follow else Shown(made, _told(desk, made))


def _told(desk: Desk, found: Instance) -> str:
    text = f"#{found.number} {found.title}: {words(found.state)}."
    if found.open and watch.idle(desk):
        return f"{text} No server works on {desk.folder}; its steps begin with: agenthq serve"
    return text


def _after(found: Instance) -> Shown:
    return Shown(found, f"#{found.number} is {words(found.state)}.")


COMMANDS = [run, instances, instance, pause, resume, cancel, signal, again]
