"""The mark that says whether accounts, routes or health have changed since a process last read them."""

from appliance import ids
from appliance.db.database import Database


KNOWN = "version of routes"


def current(db: Database) -> str:
    """Asked once in a transaction."""
    known: str = db.known.get(KNOWN, "")
    if not known:
        known = str(db.value("SELECT version FROM route_version") or "") or changed(db)
        if db.in_transaction:
            db.known[KNOWN] = known
    return known


def changed(db: Database) -> str:
    """In the transaction of the change: who reads the new mark reads the new rows."""
    version = ids.new()
    db.known.pop(KNOWN, None)
    db.update("route_version", {"one": 1}, version=version)
    return version
