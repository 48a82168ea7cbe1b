"""How much each tenant stores: measured now and then, and told once at each threshold."""

import logging
from collections.abc import Callable

from appliance import clock
from appliance.db.database import Database
from appliance.db.tenants import BOUNDS_CHANGED, Catalogue
from appliance.domain import events, quotas
from appliance.domain.actor import SYSTEM
from appliance.errors import Problem

# A threshold that was told of is news again only after usage fell so many percent below it.
CALM = 2
log = logging.getLogger(__name__)


def limited(control: Database) -> list[str]:
    """The active tenants that have a limit of storage of their own or of their plan, or one to measure anew."""
    sql = """SELECT t.id FROM tenants t LEFT JOIN plans p ON p.slug = t.plan WHERE t.state = 'active'
      AND (p.storage_bytes IS NOT NULL OR t.own_limits LIKE '%storage_bytes%' OR t.storage_level > 0) ORDER BY t.id"""
    return [str(row["id"]) for row in control.rows(sql)]


def due(catalogue: Catalogue, stopping: Callable[[], bool] = lambda: False) -> None:
    """Measure those that may not store as much as they like; one that can't be used holds up no other."""
    with catalogue.control() as control:
        found = limited(control)
    for tenant_id in found:
        if stopping():
            return
        try:
            measure(catalogue, tenant_id)
        except Problem as problem:
            log.error("storage of tenant %s is left out: %s", tenant_id, problem.detail)


def measure(catalogue: Catalogue, tenant_id: str) -> int:
    """Look at what is stored and keep it; an event when a threshold was passed. The bytes."""
    files = catalogue.files_size(tenant_id)
    with catalogue.open(tenant_id) as db:
        used, limit = db.size() + files, db.bounds.storage_bytes
        with catalogue.control() as control:
            rose = _keep(control, tenant_id, files, used, limit)
        if rose:
            with db.transaction():
                events.record(db, SYSTEM, "storage.alert", percent=rose, used=used, limit=limit)
    return used


def _keep(control: Database, tenant_id: str, files: int, used: int, limit: int | None) -> int:
    """The threshold that is news, 0 for none."""
    row = control.one("SELECT files_bytes, storage_level FROM tenants WHERE id = :id", {"id": tenant_id})
    if row is None:
        return 0
    told, now = int(row["storage_level"]), quotas.passed(used, limit)
    level = max(now, min(told, quotas.passed(used + (limit or 0) * CALM // 100, limit)))
    values = {"files_bytes": files, "stored_bytes": used, "storage_level": level, "measured_at": clock.iso()}
    with control.transaction():
        # Whoever finds the level as it was read tells, and nobody else.
        changed = control.update("tenants", {"id": tenant_id, "storage_level": told}, **values)
        control.note(BOUNDS_CHANGED)
    return level if changed and level > told else 0
