"""What a member wants to hear of, where, and when not."""

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, preferences, records
from appliance.domain.actor import Actor
from appliance.domain.members import Member
from appliance.domain.notices import channels, quiet
from appliance.domain.notices.kinds import EMAIL, KINDS, usual
from appliance.domain.notices.wish_forms import Wishes, WishesChange
from appliance.errors import invalid


def of(db: Database, member: Member) -> Wishes:
    """What they have said, or what people of their role usually hear of."""
    return of_all(db, [member])[member.id]


def of_all(db: Database, members: list[Member]) -> dict[str, Wishes]:
    """By the id of the member."""
    said = {row["member"]: row["wishes"] for row in db.rows("SELECT member, wishes FROM notice_wishes")}
    return {
        one.id: msgspec.json.decode(said[one.id], type=Wishes) if one.id in said else Wishes(usual(one.role))
        for one in members
    }


def change(db: Database, actor: Actor, member: Member, wanted: WishesChange) -> Wishes:
    """Raises Problem(invalid) with the field at fault."""
    values = {n: v for n in wanted.__struct_fields__ if (v := getattr(wanted, n)) is not msgspec.UNSET}
    with db.transaction():
        changed = msgspec.structs.replace(of(db, member), **values)
        changed = msgspec.structs.replace(changed, kinds=_kinds(db, member, changed.kinds))
        if changed.zone:
            preferences.known_zone(changed.zone)
        quiet.clock_time(changed.digest_at, "digest_at")
        if changed.quiet:
            quiet.check(changed.quiet)
        row = {"member": member.id, "wishes": records.dump(changed), "digest_due": next_digest(db, changed)}
        db.upsert("notice_wishes", row | {"updated_at": clock.iso()}, ("member",))
        events.record(db, actor, "member.notices_changed", member_id=member.id)
    return changed


def zone_of(db: Database, wishes: Wishes) -> str:
    return wishes.zone or preferences.zone(db).key


def next_digest(db: Database, wishes: Wishes) -> str | None:
    """When the next daily summary is due; None where nobody wants one."""
    if not wishes.kinds.get("digest"):
        return None
    return clock.iso(quiet.next_at(wishes.digest_at, zone_of(db, wishes), clock.now()))


def _kinds(db: Database, member: Member, kinds: dict[str, list[str]]) -> dict[str, list[str]]:
    if strange := [kind for kind in kinds if kind not in KINDS]:
        raise invalid(kinds=f"{strange[0]} is not one of {', '.join(KINDS)}")
    known = [EMAIL, *(one.id for one in channels.of(db, member.id))]
    asked = {target for targets in kinds.values() for target in targets}
    if gone := sorted(asked - set(known)):
        raise invalid(kinds=f"there is no channel {gone[0]} of yours")
    return {kind: [one for one in known if one in kinds.get(kind, [])] for kind in KINDS}
