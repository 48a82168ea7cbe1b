"""`agenthq schedule`: tasks and workflows that start by the calendar."""

from typing import Any

import click
import msgspec

from appliance.cli.command import decoded, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.schedule_options import calendar_options, policy_options, target_options
from appliance.cli.schedule_target import OF_TARGET, target
from appliance.cli.scheduleview import about, said, state, ticks_table, times_table, view
from appliance.cli.show import Shown, ago, listing, table
from appliance.domain.schedules import previews, rows, verbs
from appliance.domain.schedules.forms import OVERLAPS, Backfill, NewSchedule, ScheduleChange
from appliance.domain.schedules.previews import Asked
from appliance.domain.schedules.rows import STATES, TICK_STATES
from appliance.errors import Problem

slug_argument = click.argument("slug")
limit_option = click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
cursor_option = click.option("--cursor", default="", help="The next_cursor of the page before.")


@click.group()
def schedule() -> None:
    """Schedules: tasks and workflows that start by the calendar."""


@verb(
    "agenthq schedule add daily-look --cron '0 9 * * 1-5' --zone Europe/Berlin --title 'Look at the figures' --to mara",
    "agenthq schedule add mirror --every 15m --title 'Mirror the feed' --to mara --overlap buffer_one --jitter 60",
    "agenthq schedule add release --cron @weekly --workflow release-notes --input product=Kestrel",
    into=schedule,
)
@slug_argument
@click.option("--name", default="", help="Made from the slug when left out.")
@calendar_options
@target_options
@policy_options
@tenant_option
def add(desk: Desk, tenant: str | None, **given: Any) -> Shown:
    """Start a task or a workflow by the calendar."""
    new = decoded(NewSchedule, {k: v for k, v in given.items() if k not in OF_TARGET} | target(given))
    with desk.room(tenant) as room:
        made = verbs.add(room.db, CLI, new)
        return Shown(view(made), f"{made.slug} is scheduled.\n\n{about(made, previews.upcoming(room.db, made))}")


@verb("agenthq schedule list", "agenthq schedule list --state paused", into=schedule, name="list")
@click.option("--state", "wanted", type=click.Choice(STATES[:-1]), default=None)
@limit_option
@cursor_option
@tenant_option
def list_(desk: Desk, tenant: str | None, wanted: str | None, limit: int, cursor: str) -> Shown:
    """Schedules by slug, with the next time of each."""
    with desk.room(tenant) as room:
        page = rows.listing(room.db, wanted or "", limit, cursor)
    lines = [(s.slug, said(s), s.zone, state(s), ago(s.fire_at) if s.state == "active" else "") for s in page.items]
    empty = "There is no schedule yet. Make one with: agenthq schedule add"
    text = table(("schedule", "when", "zone", "state", "next"), lines, empty)
    return listing([view(one) for one in page.items], text, page.next_cursor)


@verb("agenthq schedule show daily-look", into=schedule)
@slug_argument
@tenant_option
def show(desk: Desk, slug: str, tenant: str | None) -> Shown:
    """A schedule, its next times and what the last ones did."""
    with desk.room(tenant) as room:
        found = rows.get(room.db, slug)
        next_, last = previews.upcoming(room.db, found), rows.ticks(room.db, found.id, 5).items
    return Shown(view(found), f"{about(found, next_)}\n\n{ticks_table(last)}")


@verb(
    "agenthq schedule change daily-look --cron '30 8 * * 1-5'",
    "agenthq schedule change daily-look --overlap cancel_other --ends none",
    into=schedule,
)
@slug_argument
@click.option("--name")
@calendar_options
@target_options
@policy_options
@click.option("--times-none", is_flag=True, help="Take the limit of starts away.")
@tenant_option
def change(desk: Desk, slug: str, tenant: str | None, times_none: bool, **given: Any) -> Shown:
    """Change what is given and keep the rest; 'none' as a start or an end removes it. A target is given as a whole."""
    said = {k: v for k, v in given.items() if k not in OF_TARGET and v not in (None, "", ())}
    said |= {k: None for k in ("starts_at", "ends_at") if said.get(k) == "none"}
    said |= ({"remaining": None} if times_none else {}) | target(given)
    with desk.room(tenant) as room:
        found = verbs.change(room.db, CLI, slug, msgspec.convert(said, ScheduleChange, strict=False))
        return Shown(view(found), about(found, previews.upcoming(room.db, found)))


@verb("agenthq schedule pause daily-look --note 'Office closed'", into=schedule)
@slug_argument
@click.option("--note", default="", help="Why; shown with the schedule.")
@tenant_option
def pause(desk: Desk, slug: str, note: str, tenant: str | None) -> Shown:
    """Start nothing new; what runs goes on to its end."""
    with desk.room(tenant) as room:
        found = verbs.pause(room.db, CLI, slug, note)
    return Shown(view(found), f"{found.slug} is paused.")


@verb("agenthq schedule resume daily-look", "agenthq schedule resume --restored", into=schedule)
@click.argument("slug", required=False)
@click.option("--restored", is_flag=True, help="All that were disarmed because the box was put back from a backup.")
@tenant_option
def resume(desk: Desk, slug: str | None, restored: bool, tenant: str | None) -> Shown:
    """Go on with the next time from now."""
    if bool(slug) == restored:
        raise Problem("usage", "Name a schedule, or say --restored.")
    with desk.room(tenant) as room:
        if slug is None:
            count = verbs.resume_restored(room.db, CLI)
            return Shown({"resumed": count}, f"{count} resumed.")
        found = verbs.resume(room.db, CLI, slug)
    return Shown(view(found), f"{found.slug} is active; next {ago(found.fire_at)}.")


@verb("agenthq schedule run daily-look", into=schedule)
@slug_argument
@tenant_option
def run(desk: Desk, slug: str, tenant: str | None) -> Shown:
    """Once by hand, under the overlap policy; the calendar goes on unmoved."""
    with desk.room(tenant) as room:
        tick = verbs.run_now(room.db, CLI, slug)
        tick = rows.tick(room.db, tick.schedule_id, tick.due_at, tick.kind) or tick
    return Shown(tick, ticks_table([tick]))


@verb(
    "agenthq schedule backfill daily-look 2026-11-01 2026-11-08",
    "agenthq schedule backfill daily-look 2026-11-01 2026-11-08 --confirm 5",
    into=schedule,
)
@slug_argument
@click.argument("from_at", metavar="FROM")
@click.argument("to_at", metavar="TO")
@click.option("--overlap", type=click.Choice(OVERLAPS), default="buffer_all", show_default=True)
@click.option("--confirm", type=int, metavar="COUNT", help="Yes, run these; how many they are.")
@tenant_option
def backfill(desk: Desk, slug: str, tenant: str | None, **given: Any) -> Shown:
    """Run the times from FROM to before TO that have started nothing; without --confirm only say how many."""
    asked = Backfill(**given)
    with desk.room(tenant) as room:
        if asked.confirm is None:
            times = verbs.gaps(room.db, slug, asked)
            again = f"Run them by adding --confirm {len(times)}." if times else "There is nothing to fill in."
            return Shown({"items": times, "confirm": len(times)}, "\n".join([*times, again]))
        made = verbs.backfill(room.db, CLI, slug, asked)
        made = [rows.tick(room.db, one.schedule_id, one.due_at, one.kind) or one for one in made]
    return listing(made, ticks_table(made))


@verb("agenthq schedule ticks daily-look", "agenthq schedule ticks daily-look --state missed", into=schedule)
@slug_argument
@click.option("--state", "wanted", type=click.Choice(TICK_STATES), default=None)
@limit_option
@cursor_option
@tenant_option
def ticks(desk: Desk, slug: str, tenant: str | None, wanted: str | None, limit: int, cursor: str) -> Shown:
    """What its times did, the latest first."""
    with desk.room(tenant) as room:
        page = rows.ticks(room.db, rows.get(room.db, slug).id, limit, cursor, wanted or "")
    return listing(page.items, ticks_table(page.items), page.next_cursor)


@verb(
    "agenthq schedule preview --cron '30 2 * * *' --zone Europe/Berlin --starts 2027-03-26",
    "agenthq schedule preview --every 36h --from 2026-12-01T06:00",
    into=schedule,
)
@calendar_options
@click.option("--limit", type=click.IntRange(1, previews.MOST), default=5, show_default=True)
@tenant_option
def preview(desk: Desk, tenant: str | None, **given: Any) -> Shown:
    """The next times of a calendar, with what a change of the clocks does; nothing is saved."""
    with desk.room(tenant) as room:
        found = previews.preview(room.db, decoded(Asked, given))
    return Shown(found, f"{found.words}, {found.zone}\n\n{times_table(found.items)}")


@verb("agenthq schedule remove daily-look", into=schedule)
@slug_argument
@tenant_option
def remove(desk: Desk, slug: str, tenant: str | None) -> Shown:
    """It fires no more; what it started goes on, and its history stays in the log."""
    with desk.room(tenant) as room:
        verbs.remove(room.db, CLI, slug)
    return Shown({"slug": slug, "state": "removed"}, f"{slug} is removed.")
