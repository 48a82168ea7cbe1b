"""Databases that a newer version has migrated, back to the copies from before."""

from contextlib import closing
from pathlib import Path

from appliance.db import before, migrate
from appliance.db.tenants import CONTROL, open_catalogue


def put_back(folder: Path) -> int:
    """How many went back; those that were not migrated keep what was done since. The server must have stopped."""
    kept = before.found(folder)
    if not kept:
        return 0
    with closing(open_catalogue(folder)) as catalogue:
        migrated = []
        for name, (schema, _) in kept.items():
            if catalogue.exists(name):
                with catalogue.as_found(name) as db:
                    migrated += [name] if migrate.version(db) > schema else []
    for name in migrated:
        home = folder if name == CONTROL else folder / "tenants" / name
        before.put_back(folder, name, home / ("control.db" if name == CONTROL else "tenant.db"))
    return len(migrated)
