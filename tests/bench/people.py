"""Who asks and what they may: what every request pays before its handler, for a session and for a key."""

import time
from collections.abc import Callable, Iterator
from statistics import median

from appliance.db.database import Database
from appliance.domain import keys, members, sessions, users
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from appliance.web import access
from appliance.web.services import Services
from tests.bench.figure import Figure
from tests.bench.scene import scene

PEOPLE, ASKED, LIMIT_MS = 2000, 2000, 0.2


def measure() -> Iterator[Figure]:
    with scene() as here:
        box = here.box
        services = Services(box.settings, box.catalogue, box.vault, box.calls)
        with box.catalogue.control() as control:
            token, secret = _crowd(control, here.tenant.id)
        asked = {
            "a session": lambda: access.identify(services, here.tenant.slug, token, "").actor.need("admin"),
            "a key": lambda: access.identify(services, None, "", f"Bearer {secret}").actor.need("admin"),
        }
        for name, ask in asked.items():
            yield Figure(f"permission check of {name}, {PEOPLE:,} people, median", _median(ask), "ms", LIMIT_MS)


def _crowd(control: Database, tenant_id: str) -> tuple[str, str]:
    """People with a session and a key each; those of the last."""
    with control.transaction():
        first = users.create(control, SYSTEM, "p@x.test", "P", "long enough 1")
        password = control.value("SELECT password FROM users WHERE id = :id", {"id": first.id})
        for n in range(PEOPLE):
            row = {"id": f"u{n}", "email": f"p{n}@x.test", "name": f"P {n}", "password": password}
            control.insert("users", row | {"theme": "system", "created_at": first.created_at})
            members.join(control, SYSTEM, tenant_id, f"u{n}", "admin")
            token = sessions.start(control, f"u{n}", "bench", 24)
            secret = keys.create(control, SYSTEM, tenant_id, NewKey(f"k{n}", "admin")).secret
    return token, secret


def _median(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(ASKED):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return median(taken) * 1000
