"""The mark that says whether accounts, routes or health have changed since a process last read them."""

from appliance import ids
from appliance.db.database import Database


def current(db: Database) -> str:
    return str(db.value("SELECT version FROM route_version") or "") or changed(db)


def changed(db: Database) -> str:
    """In the transaction of the change: who reads the new mark reads the new rows."""
    version = ids.new()
    db.update("route_version", {"one": 1}, version=version)
    return version
