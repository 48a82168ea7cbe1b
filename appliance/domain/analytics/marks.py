"""How far the work on the ledger's calls has come: times before which all is done, "" for none yet."""

from appliance.db.database import Database


def get(db: Database, name: str) -> str:
    """`name` is rolled (added up), compared (with other models) or pruned (forgotten)."""
    return str(db.value("SELECT until FROM usage_marks WHERE name = :name", {"name": name}))


def held(db: Database, name: str) -> str:
    """The same in a transaction, so that no other process works on it meanwhile."""
    return str(db.value(f"SELECT until FROM usage_marks WHERE name = :name {db.for_update}", {"name": name}))


def put(db: Database, name: str, until: str) -> None:
    db.update("usage_marks", {"name": name}, until=until)
