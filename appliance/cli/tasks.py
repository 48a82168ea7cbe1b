"""`agenthq task`: create work, start it, watch it, accept it."""

from typing import Any

import click
import msgspec

from appliance.cli import hooks, watch
from appliance.cli.check_options import parse_check
from appliance.cli.command import decoded, read_text, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, clip, listing, money, table, words
from appliance.cli.taskview import about, because, view
from appliance.db.database import Database
from appliance.domain import blockers, board, checks, forks, lifecycle, runs, signals, steps, tasks, wake_rows
from appliance.domain import why as reasons
from appliance.domain.actor import Actor
from appliance.domain.check_forms import NEEDED
from appliance.domain.graph import ON_CANCEL, ON_PARENT_CLOSE
from appliance.domain.instances import rows as instance_rows
from appliance.domain.task_filter import Filter
from appliance.domain.task_forms import PRIORITIES, NewTask
from appliance.domain.tasks import STATES, Task
from appliance.errors import Problem

wait_option = click.option("--wait", is_flag=True, help="Show the steps as they happen, until the task has ended.")
number_argument = click.argument("number")


@click.group()
def task() -> None:
    """Tasks: pieces of work with an assignee and acceptance checks."""


task.add_command(hooks.hook)
task.add_command(hooks.hooks_)


@verb(
    "agenthq task create 'Summarise the notes' --to mara --check file_exists=summary.md --wait",
    "agenthq task create 'Draft the post' --to mara --body-file brief.md --check contains=Summary --budget-usd 0.50",
    "agenthq task create 'Call the printer' --to mara --no-start",
    into=task,
)
@click.argument("title")
@click.option("--body", help="What is to be done, in full.")
@click.option("--body-file", metavar="FILE", help="The same from a file; - is standard input.")
@click.option("--to", "assignee", metavar="AGENT", help="The agent's slug; work starts at once.")
@click.option("--check", "specs", multiple=True, metavar="KIND=VALUE", help=f"May be repeated: {', '.join(NEEDED)}.")
@click.option("--priority", type=click.Choice(PRIORITIES), default="normal", show_default=True)
@click.option("--parent", "parent_id", metavar="NUMBER", help="The task this is a part of.")
@click.option("--after", "blockers", multiple=True, metavar="NUMBER", help="Wait for this task; may be repeated.")
@click.option("--label", "labels", multiple=True, help="May be repeated.")
@click.option("--on-parent-close", type=click.Choice(ON_PARENT_CLOSE), default="cancel", show_default=True)
@click.option(
    "--plan-key", default="", metavar="KEY", help="A parent has one sub-task of a key; again answers that one."
)
@click.option("--budget-usd", metavar="USD", help="What the task may spend in all.")
@click.option("--due-at", metavar="TIME", help="Such as 2026-12-01T09:00:00Z.")
@click.option("--time-limit", "time_limit_s", type=int, metavar="SECONDS", help="What a run of it may take in all.")
@click.option("--no-start", is_flag=True, help="Do not start it yet.")
@wait_option
@tenant_option
def create(
    desk: Desk,
    tenant: str | None,
    body_file: str | None,
    specs: tuple[str, ...],
    no_start: bool,
    wait: bool,
    **given: Any,
) -> Shown:
    """Create a task and, when it has an agent, start it."""
    given["body"] = read_text(body_file) if body_file else given["body"]
    given |= {"priority": PRIORITIES.index(given["priority"]), "start": False if no_start else None}
    new = decoded(NewTask, {**given, "checks": [parse_check(spec) for spec in specs]})
    if wait:
        watch.need_server(desk)
    with desk.room(tenant) as room:
        made = tasks.create(room.db, CLI, new)
        return watch.to_its_end(desk, room, made) if wait else Shown(view(made), watch.told(desk, made))


@verb("agenthq task list", "agenthq task list --state blocked --assignee mara", into=task, name="list")
@click.option("--state", type=click.Choice(STATES))
@click.option("--assignee", metavar="AGENT")
@click.option("--label")
@click.option("--search", "q", metavar="WORDS", help="In title and body.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", default="", help="The next_cursor of the page before.")
@tenant_option
def list_(desk: Desk, tenant: str | None, limit: int, cursor: str, **given: Any) -> Shown:
    """Tasks, the newest first."""
    with desk.room(tenant) as room:
        found = board.find(room.db, decoded(Filter, given), limit, cursor)
    rows = [
        (t.number, words(t.state), clip(t.title, 60), t.assignee, money(t.cost_nano), ago(t.updated_at))
        for t in found.items
    ]
    heads = ("#", "state", "title", "assignee", "cost", "changed")
    text = table(heads, rows, "There is no such task.", right=("#", "cost"))
    more = f"\nMore with --cursor {found.next_cursor}" if found.next_cursor else ""
    return listing([view(t) for t in found.items], text + more, found.next_cursor)


@verb("agenthq task show 4", into=task)
@number_argument
@tenant_option
def show(desk: Desk, number: str, tenant: str | None) -> Shown:
    """A task with its checks, runs and result."""
    with desk.room(tenant) as room:
        found = tasks.get(room.db, number)
        judged, tried = checks.of_task(room.db, found.id), runs.of_task(room.db, found.id)
        flow = instance_rows.of_task(room.db, found.id)
    return Shown({**view(found), "checks": judged, "runs": tried}, about(found, judged, tried, flow))


@verb("agenthq task run 4 --wait", into=task)
@number_argument
@wait_option
@tenant_option
def run(desk: Desk, number: str, wait: bool, tenant: str | None) -> Shown:
    """Start a task that has an agent."""
    return watch.after(desk, tenant, number, wait, lifecycle.start)


@verb("agenthq task retry 4 --wait", into=task)
@number_argument
@wait_option
@tenant_option
def retry(desk: Desk, number: str, wait: bool, tenant: str | None) -> Shown:
    """Another run after one that failed; its cost adds to the task's."""
    return watch.after(desk, tenant, number, wait, lifecycle.retry)


@verb("agenthq task fork 4 --from workspace.write#2 --wait", "agenthq task fork 4", into=task)
@number_argument
@click.option("--from", "key", default="", metavar="KEY", help="A key of `task logs`; without it, after the last step.")
@wait_option
@tenant_option
def fork(desk: Desk, number: str, key: str, wait: bool, tenant: str | None) -> Shown:
    """Run again from a step of the newest run; the steps before it are taken over and cost nothing again."""

    def start(db: Database, actor: Actor, ref: str) -> Task:
        tried = runs.of_task(db, tasks.get(db, ref).id)
        if not tried:
            raise Problem("conflict", "There is no run yet.")
        return tasks.get(db, forks.fork(db, actor, tried[0].id, key).task_id)

    return watch.after(desk, tenant, number, wait, start)


@verb("agenthq task reopen 4", into=task)
@number_argument
@tenant_option
def reopen(desk: Desk, number: str, tenant: str | None) -> Shown:
    """Take an ended task up again; its checks are judged anew."""
    with desk.room(tenant) as room:
        found = lifecycle.reopen(room.db, CLI, number)
    return Shown(view(found), f"#{found.number} is {words(found.state)}.")


@verb("agenthq task cancel 4", into=task)
@number_argument
@tenant_option
def cancel(desk: Desk, number: str, tenant: str | None) -> Shown:
    """End a task and its run; what was made stays."""
    with desk.room(tenant) as room:
        found = lifecycle.cancel(room.db, CLI, number)
    return Shown(view(found), f"#{found.number} is {words(found.state)}.")


@verb("agenthq task approve 4 --note 'Reads well'", into=task)
@number_argument
@click.option("--note", default="", help="Kept with the event.")
@tenant_option
def approve(desk: Desk, number: str, note: str, tenant: str | None) -> Shown:
    """Accept a result that waits for a person."""
    with desk.room(tenant) as room:
        found = lifecycle.approve(room.db, CLI, number, note)
    return Shown(view(found), f"#{found.number} is {words(found.state)}.")


@verb("agenthq task waive 4 2 --reason 'The test server is down; looked at by hand'", into=task)
@number_argument
@click.argument("check")
@click.option("--reason", required=True, help="Why the task may be done without it; kept with the check.")
@tenant_option
def waive(desk: Desk, number: str, check: str, reason: str, tenant: str | None) -> Shown:
    """Let a task be done without one of its checks; CHECK is its place in `task show`, or its id."""
    with desk.room(tenant) as room:
        found = checks.get(room.db, tasks.get(room.db, number).id, check)
        checks.waive(room.db, CLI, found.id, reason)
        waived = checks.get(room.db, found.task_id, found.id)
    return Shown(waived, f"Waived: {waived.sentence}.")


@verb("agenthq task why 4", into=task)
@number_argument
@tenant_option
def why(desk: Desk, number: str, tenant: str | None) -> Shown:
    """Why a task stands where it stands, and what would move it."""
    with desk.room(tenant) as room:
        found = tasks.get(room.db, number)
        reason = reasons.why(room.db, found)
    return Shown(reason, because(found, reason))


@verb("agenthq task logs 4", "agenthq task logs 4 --json", into=task)
@number_argument
@tenant_option
def logs(desk: Desk, number: str, tenant: str | None) -> Shown:
    """The steps of a task's newest run."""
    with desk.room(tenant) as room:
        found = tasks.get(room.db, number)
        tried = runs.of_task(room.db, found.id)
        done = steps.of_run(room.db, tried[0].id) if tried else []
    return listing(done, "\n".join(watch.line(step) for step in done) or "There is no step yet.")


@verb("agenthq task signal 4 paid --payload '{\"amount\": 5}' --idem invoice-7", into=task)
@number_argument
@click.argument("name")
@click.option("--payload", metavar="JSON", default="null", help="At most 64 KB.")
@click.option("--idem", default="", metavar="KEY", help="The same key again sends nothing new.")
@tenant_option
def signal(desk: Desk, number: str, name: str, payload: str, idem: str, tenant: str | None) -> Shown:
    """Tell a task's run something it waits for, or will wait for."""
    try:
        told = msgspec.json.decode(payload)
    except msgspec.DecodeError as error:
        raise Problem("usage", f"The payload is not valid JSON: {error}.") from error
    with desk.room(tenant) as room:
        found = tasks.get(room.db, number)
        if found.run_id is None:
            raise Problem("conflict", f"#{found.number} has no run yet.")
        sent = signals.send(room.db, CLI, found.run_id, name, told, idem)
    return Shown(sent, f"Signal {sent.name} is kept for #{found.number}.")


@verb("agenthq task wakes 4", into=task, name="wakes")
@number_argument
@tenant_option
def wakes_(desk: Desk, number: str, tenant: str | None) -> Shown:
    """What woke the task's agent, newest first, and what became of it."""
    with desk.room(tenant) as room:
        found = wake_rows.of_task(room.db, tasks.get(room.db, number).id)
    rows = [(ago(w.created_at), words(w.reason), words(w.state), w.depth, w.lane, w.detail) for w in found]
    return listing(
        found, table(("when", "reason", "became", "depth", "lane", "why"), rows, "Nothing has woken it yet.")
    )


@verb("agenthq task block 5 --after 4", "agenthq task block 5 --after 4 --on-cancel release", into=task)
@number_argument
@click.option("--after", "blocker", metavar="NUMBER", required=True, help="The task that has to be done first.")
@click.option("--on-cancel", type=click.Choice(ON_CANCEL), default="hold", show_default=True)
@tenant_option
def block(desk: Desk, number: str, blocker: str, on_cancel: str, tenant: str | None) -> Shown:
    """Let a task wait for another; when that is cancelled it holds on, is let go, or is cancelled too."""
    with desk.room(tenant) as room:
        blockers.put(room.db, CLI, number, blocker, on_cancel)
        found = tasks.get(room.db, number)
    return Shown(view(found), f"#{found.number} waits for #{blocker}.")


@verb("agenthq task unblock 5 --after 4", into=task)
@number_argument
@click.option("--after", "blocker", metavar="NUMBER", required=True, help="The task it need not wait for.")
@tenant_option
def unblock(desk: Desk, number: str, blocker: str, tenant: str | None) -> Shown:
    """Wait for another task no longer; start it with task run."""
    with desk.room(tenant) as room:
        blockers.remove(room.db, CLI, number, blocker)
        found = tasks.get(room.db, number)
    return Shown(view(found), f"#{found.number} does not wait for #{blocker}.")
