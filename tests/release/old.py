"""A box as an earlier version left it: with the migrations that there were then."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.db import migrate
from appliance.db.tenants import open_catalogue

AT = "2026-11-23T12:30:00.000000Z"
CONTROL, TENANT = 8, 12
TASK = {"title": "t", "body": "", "state": "todo", "priority": 1, "labels": "[]", "created_by": "x"}
TASK |= {"created_at": AT, "updated_at": AT}


@contextmanager
def earlier(control: int = CONTROL, tenant: int = TENANT) -> Iterator[None]:
    """This program knows only so many migrations."""
    everything = {kind: migrate.migrations(kind) for kind in ("control", "tenant")}
    least = {"control": control, "tenant": tenant}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda kind: everything[kind][: least[kind]])
        patch.setattr(migrate, "tables", migrate.tables.__wrapped__)
        yield


def write_box(folder: Path, tenants: int) -> list[str]:
    """With so many tenants of one task each; their ids."""
    folder.mkdir(parents=True, exist_ok=True)
    with earlier(), closing(open_catalogue(folder)) as catalogue, catalogue.control() as control:
        names = [f"t{n:04}" for n in range(tenants)]
        for name in names:
            catalogue.create(name)
            row = {"id": name, "slug": name, "name": name, "state": "active", "plan": "enterprise", "data_key": "x"}
            control.insert("tenants", row | {"created_at": AT})
        for name in names[:50]:
            with catalogue.open(name) as db:
                db.insert("tasks", TASK | {"id": name, "number": 1})
    return names


def versions(folder: Path) -> set[int]:
    """The schemas of all tenants, as they are."""
    found = set()
    with closing(open_catalogue(folder)) as catalogue:
        with catalogue.as_found("control") as control:
            ids = [row["id"] for row in control.rows("SELECT id FROM tenants")]
        for tenant_id in ids:
            with catalogue.as_found(tenant_id) as db:
                found.add(migrate.version(db))
    return found
