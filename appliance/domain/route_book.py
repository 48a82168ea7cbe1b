"""What routing knows of a tenant: accounts, routes and health, read once and kept until one of them changes."""

from collections import OrderedDict
from threading import Lock

import msgspec

from appliance.db.database import Database
from appliance.domain import providers, records, route_rows, route_version
from appliance.domain.providers import Provider
from appliance.domain.route_rows import Route

MOST_TENANTS = 500


class Health(msgspec.Struct, frozen=True):
    """How a model of an account fares. `open_until` is set while it rests, `probe_until` while one call tries it.

    `failures` counts since the last answer, `trips` how often in a row it was put to rest.
    """

    provider_id: str
    model: str
    failures: int = 0
    trips: int = 0
    failure_code: str = ""
    failed_at: str = ""
    open_until: str = ""
    probe_until: str = ""


class Book(msgspec.Struct, frozen=True):
    """`serving` has the accounts by each model they name, the heaviest first, then the oldest."""

    accounts: dict[str, Provider]
    serving: dict[str, list[Provider]]
    routes: dict[str, Route]
    health: dict[tuple[str, str], Health]


_kept: OrderedDict[str, tuple[str, Book]] = OrderedDict()
_door = Lock()


def read(db: Database, version: str = "") -> Book:
    """One small look-up while nothing has changed; none for who has just read the `version`."""
    version = version or route_version.current(db)
    with _door:
        kept = _kept.get(db.name)
        if kept and kept[0] == version:
            _kept.move_to_end(db.name)
            return kept[1]
    book = _fresh(db)
    with _door:
        _kept[db.name] = (version, book)
        _kept.move_to_end(db.name)
        while len(_kept) > MOST_TENANTS:
            _kept.popitem(last=False)
    return book


def _fresh(db: Database) -> Book:
    accounts = providers.all(db)
    serving: dict[str, list[Provider]] = {}
    for provider in sorted(accounts, key=lambda p: -p.weight):
        for model in provider.models:
            serving.setdefault(model, []).append(provider)
    rows = [records.to(Health, row) for row in db.rows("SELECT * FROM target_health")]
    return Book(
        accounts={provider.id: provider for provider in accounts},
        serving=serving,
        routes={route.name: route for route in route_rows.every(db)},
        health={(one.provider_id, one.model): one for one in rows},
    )
