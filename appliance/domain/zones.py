"""The tenant's time zone: where its hours, days and months begin."""

from appliance.db.database import Database
from appliance.domain import preferences, spent
from appliance.domain.actor import Actor


def change(db: Database, actor: Actor, name: str) -> str:
    """Take another IANA zone. What was spent in the hour, day and month that hold now is counted anew from the calls.

    Raises Problem(invalid) for an unknown zone.
    """
    actor.need("admin")
    zone = preferences.known_zone(name)
    with db.transaction():
        preferences.put(db, actor, "zone", zone.key)
        spent.recount(db)
    return zone.key
