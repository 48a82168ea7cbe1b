"""What a tenant has set for itself, by name: any JSON value. The zone its days and months follow is one of them."""

from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, marks, records
from appliance.domain.actor import Actor
from appliance.errors import invalid

UTC = "UTC"


def get(db: Database, name: str, default: Any = None) -> Any:
    """The value kept under `name`, or `default`. A transaction goes by the one it has read first."""
    place = f"preference {name}"
    kept = db.known.get(place, db)
    if kept is db:
        kept = db.value("SELECT value FROM preferences WHERE name = :name", {"name": name})
        if db.in_transaction:
            db.known[place] = kept
    return _read(kept, default)


def put(db: Database, actor: Actor, name: str, value: Any) -> None:
    """Keep `value`, and an event that says who set it. Setting what is set already changes nothing."""
    with db.transaction():
        if get(db, name) == value:
            return
        db.upsert("preferences", {"name": name, "value": records.dump(value), "updated_at": clock.iso()}, ("name",))
        db.known.pop(f"preference {name}", None)
        marks.changed(db, marks.ZONE)
        events.record(db, actor, "preference.changed", name=name, value=value)


def zone(db: Database) -> ZoneInfo:
    """Where the tenant's hours, days and months begin; UTC until somebody says otherwise."""
    if marks.ZONE in db.known:
        return _zone(_read(db.known[marks.ZONE], UTC))
    return _zone(get(db, "zone", UTC))


def known_zone(name: str) -> ZoneInfo:
    """Raises Problem(invalid) for what is no IANA zone, for example Europe/Berlin."""
    try:
        return _zone(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid(zone="give a time zone by its name, for example Europe/Berlin") from None


def _read(kept: str | None, default: Any) -> Any:
    return default if kept is None else msgspec.json.decode(kept)


@lru_cache(50)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
