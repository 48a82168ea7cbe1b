"""`agenthq backup`: copies of everything, where they are, and the proof that they can be put back."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

import click
import msgspec

from appliance.backup import archive, drilling, due, keeping, kit, making, places, rows
from appliance.backup.due import Plan
from appliance.backup.means import Means, turn
from appliance.backup.rows import VERIFIED, Backup
from appliance.cli.backup_targets import targets
from appliance.cli.command import decoded, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, duration, facts, listing, table
from appliance.db.database import Database
from appliance.db.tenants import CONTROL
from appliance.domain import tenants
from appliance.errors import Problem, not_found

MB = 1_000_000


@click.group()
def backup() -> None:
    """Backups: made, kept in several places, and proved by restoring them."""


backup.add_command(targets)


@verb("agenthq backup run", "agenthq backup run --tenant acme", "agenthq backup run --changed", into=backup)
@click.option("--tenant", metavar="SLUG", help="Only this tenant; otherwise all of them and the box.")
@click.option("--changed", is_flag=True, help="Leave out what has not changed since its last backup.")
def run(desk: Desk, tenant: str | None, changed: bool) -> Shown:
    """Back up now, to every target; the server may go on. Exit code 1 when a copy failed."""
    with desk.control() as control:
        names = named(control)
        ran = making.run(means(desk), CLI, only(control, tenant), changed)
    text = _shown(ran.made, names, "Nothing changed since the last backups.")
    data = {"items": ran.made, "unchanged": ran.unchanged, "failed": len(ran.failed)}
    return Shown(data, text, int(bool(ran.failed)))


@verb("agenthq backup list", "agenthq backup list --tenant acme --json", into=backup, name="list")
@click.option("--limit", default=50, show_default=True)
@click.option("--cursor", default="", help="The next_cursor of the page before.")
@tenant_option
def list_(desk: Desk, limit: int, cursor: str, tenant: str | None) -> Shown:
    """Backups, newest first: one line for each copy."""
    with desk.control() as control:
        names = named(control)
        wanted = only(control, tenant)
        page = rows.page(control, wanted[0] if wanted else "", limit, cursor)
    empty = "There is no backup yet. Make one with: agenthq backup run"
    return listing(page.items, _shown(page.items, names, empty), page.next_cursor)


@verb("agenthq backup show 0192f3a4", into=backup)
@click.argument("backup_id", metavar="ID")
def show(desk: Desk, backup_id: str) -> Shown:
    """One backup and its copies."""
    with desk.control() as control:
        names, found = named(control), rows.copies(control, backup_id)
    if not found:
        raise not_found("backup")
    one = found[0]
    about = [("Id", one.id), ("Of", names.get(one.tenant_id, one.tenant_id)), ("Made", ago(one.at)), ("File", one.name)]
    about += [("Size", _size(one.bytes)), ("Rows", f"{one.row_count:,}"), ("SHA-256", one.digest)]
    about += [("Schema", str(one.schema_version)), ("Key generation", str(one.generation)), ("Epoch", str(one.epoch))]
    return Shown({"items": found}, f"{facts(about)}\n\n{_shown(found, names, '')}")


@verb("agenthq backup verify", "agenthq backup verify 0192f3a4", into=backup)
@click.argument("backup_id", metavar="ID", required=False)
def verify(desk: Desk, backup_id: str | None) -> Shown:
    """Fetch backups and check every byte: one, or the newest of each tenant in every place."""
    with desk.control() as control:
        names = named(control)
        found = rows.copies(control, backup_id) if backup_id else _newest(control)
        if not found:
            raise not_found("backup")
        with turn(desk.folder) as work:
            checked = [(each, _fault(desk, control, each, work)) for each in found]
    lines = [
        (names.get(each.tenant_id, "?"), each.target, each.id, fault or "every byte is right")
        for each, fault in checked
    ]
    bad = sum(bool(fault) for _, fault in checked)
    data = {"items": [{"backup": each, "fault": fault} for each, fault in checked], "failed": bad}
    return Shown(data, table(("tenant", "target", "backup", "found"), lines, ""), int(bool(bad)))


@verb("agenthq backup prune", into=backup)
def prune(desk: Desk) -> Shown:
    """Remove what need not stay: 7 daily, 4 weekly and 12 monthly do, and always the last one that is whole."""
    gone: list[Backup] = []
    with desk.control() as control, turn(desk.folder):
        names = named(control)
        for place in places.every(control, desk.folder):
            target = places.opened(control, desk.vault, place)
            for owner in names:
                gone += keeping.prune(control, place, target, owner)
    return listing(gone, _shown(gone, names, "Everything there is shall stay."))


@verb("agenthq backup drill", "agenthq backup drill --tenant acme", into=backup)
@click.option("--tenant", metavar="SLUG", help="Only this tenant; otherwise all of them and the box.")
def drill(desk: Desk, tenant: str | None) -> Shown:
    """Restore the newest backups to scratch and prove them; nothing living is touched. Exit code 1 when one fails."""
    with desk.control() as control:
        names = named(control)
        drilled = drilling.run(means(desk), CLI, only(control, tenant))
        verified = rows.last_verified(control)
    oldest = min((verified[each.tenant_id].at for each in drilled.drills if each.tenant_id in verified), default=None)
    lines = [
        (names.get(each.tenant_id, "?"), each.target, "proven" if each.ok else "FAILED", f"{each.row_count:,}",
         "yes" if each.secret_opened else "none stored", f"{each.seconds:.2f} s", each.note)
        for each in drilled.drills
    ]  # fmt: skip
    lines += [(names.get(each, "?"), "", "no backup", "", "", "", "agenthq backup run") for each in drilled.without]
    rate = drilled.bytes / MB / max(drilled.rto_s, 0.001)
    heads = ("tenant", "target", "restore", "rows", "secret opened", "took", "why")
    text = table(heads, lines, "There is nothing to try.")
    text += f"\n\nRPO {ago(oldest)}: the oldest of these backups. RTO {drilled.rto_s:.1f} s for all, {rate:.0f} MB/s."
    data = {"items": drilled.drills, "without": drilled.without, "rto_s": drilled.rto_s, "oldest_backup_at": oldest}
    return Shown(data | {"mb_per_s": rate}, text, int(bool(drilled.failed or drilled.without)))


@verb(
    "agenthq backup schedule", "agenthq backup schedule --every-hours 1", "agenthq backup schedule --off", into=backup
)
@click.option("--on/--off", "on", default=None, help="Whether backups and drills happen by themselves.")
@click.option("--every-hours", type=int, metavar="N", help="How often: 1, 2, 3, 4, 6, 8, 12 or 24.")
@click.option("--at", metavar="HH:MM", help="When the day's first one is made, in UTC.")
@click.option("--drill-days", type=int, metavar="N", help="Days between two drills.")
def schedule(desk: Desk, **given: Any) -> Shown:
    """When backups and drills happen by themselves; with options, change that."""
    with desk.control() as control:
        found = due.plan(control)
        if named_ := {name: value for name, value in given.items() if value is not None}:
            found = due.set_plan(control, CLI, decoded(Plan, msgspec.structs.asdict(found) | named_))
    said = "on" if found.on else "off"
    pairs = [("Backups", said), ("Every", f"{found.every_hours} h"), ("From", f"{found.at} UTC")]
    return Shown(found, facts([*pairs, ("Drill every", f"{found.drill_days} d")]))


@verb("agenthq backup kit > kit.txt", "agenthq backup kit --confirm 1a2b-3c4d", into=backup, name="kit")
@click.option("--confirm", metavar="CODE", help="The code on the kit that you printed and put away.")
def kit_(desk: Desk, confirm: str | None) -> Shown:
    """Print the recovery kit: with it and a backup the box comes back. Shown, never stored; keep it on paper."""
    with desk.control() as control:
        if confirm:
            standing = kit.confirm(means(desk), control, CLI, confirm)
            return Shown(standing, "The kit is put away. Make a new one after a change of key or targets.")
        text = kit.text(means(desk), control, CLI)
        standing = kit.of(means(desk), control)
    after = f"\nPrint it, put it away, then: agenthq backup kit --confirm {standing.code}"
    return Shown({"kit": text, "standing": standing}, text + ("" if standing.confirmed_at else after))


def means(desk: Desk) -> Means:
    return Means(desk.catalogue, desk.vault)


def named(control: Database) -> dict[str, str]:
    """What owners of backups are called, by id."""
    return {each.id: each.slug for each in tenants.every(control)} | {CONTROL: "(the box)"}


def only(control: Database, slug: str | None) -> list[str]:
    return [tenants.by_slug(control, slug).id] if slug else []


def _newest(control: Database) -> list[Backup]:
    newest = rows.last_verified(control).values()
    return [copy for each in newest for copy in rows.copies(control, each.id) if copy.state == VERIFIED]


def _fault(desk: Desk, control: Database, backup: Backup, work: Path) -> str:
    """What is wrong with a copy; "" for nothing."""
    try:
        with tempfile.NamedTemporaryFile(dir=work) as file:
            place = places.by_name(control, desk.folder, backup.target_id)
            places.opened(control, desk.vault, place).get(backup.name, cast(IO[bytes], file))
            file.flush()
            archive.unpack(Path(file.name), desk.vault)
    except Problem as problem:
        return problem.detail
    return ""


def _shown(found: Sequence[Backup], names: dict[str, str], empty: str) -> str:
    lines = [
        (names.get(each.tenant_id, "gone"), ago(each.at), each.target, each.state, _size(each.bytes),
         duration(each.seconds), each.id, each.note)
        for each in found
    ]  # fmt: skip
    return table(("tenant", "made", "target", "state", "size", "took", "backup", "why"), lines, empty, ("size",))


def _size(count: int) -> str:
    return f"{count / MB:.1f} MB" if count >= MB else f"{count / 1000:.1f} kB"
