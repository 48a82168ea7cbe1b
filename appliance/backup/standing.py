"""How it stands with everybody's backups, for the page, the API and whoever watches."""

import msgspec

from appliance import clock
from appliance.backup import due, kit, places, rows
from appliance.backup.means import Means
from appliance.backup.places import Place
from appliance.db.database import Database
from appliance.db.tenants import CONTROL
from appliance.domain import tenants

LATE_S = 2 * 86400


class OwnerStanding(msgspec.Struct, frozen=True):
    """`slug` is "" for the box itself. `copies` counts the places that hold the last backup; `failed` is why the

    newest try failed, "" when it did not.
    """

    tenant_id: str
    slug: str
    name: str
    backup_at: str | None
    backup_id: str
    bytes: int
    copies: int
    failed: str
    proven_at: str | None
    drill_failed: str
    running: bool

    @property
    def late(self) -> bool:
        return not self.backup_at or clock.seconds_between(self.backup_at, clock.iso()) > LATE_S


class BoxStanding(msgspec.Struct, frozen=True):
    """`asked`: run or drill, not begun yet. Not `outside`: the loss of the disk would be the loss of all."""

    owners: list[OwnerStanding]
    targets: list[Place]
    plan: due.Plan
    kit: kit.Standing
    asked: str
    outside: bool


def of(means: Means, control: Database) -> BoxStanding:
    known = [(each.id, each.slug, each.name) for each in tenants.every(control)]
    kept = places.every(control, means.folder)
    return BoxStanding(
        owners=[_of_owner(control, *each) for each in [*known, (CONTROL, "", "The box itself")]],
        targets=kept,
        plan=due.plan(control),
        kit=kit.of(means, control),
        asked=due.asked(control),
        outside=len(kept) > 1,
    )


def _of_owner(control: Database, tenant_id: str, slug: str, name: str) -> OwnerStanding:
    found = rows.of(control, tenant_id)
    whole = [each for each in found if each.state == rows.VERIFIED]
    last = whole[0] if whole else None
    newest = [each for each in found if each.id == found[0].id]
    drills = rows.drills(control, tenant_id, 20)
    return OwnerStanding(
        tenant_id,
        slug,
        name,
        last.at if last else None,
        last.id if last else "",
        last.bytes if last else 0,
        sum(each.id == last.id for each in whole) if last else 0,
        next((each.note for each in newest if each.state == rows.FAILED), ""),
        next((drill.at for drill in drills if drill.ok), None),
        drills[0].note if drills and not drills[0].ok else "",
        any(each.state == rows.RUNNING for each in newest),
    )
