"""How the models of an account fare: their last outcomes, how soon they answer, and whether they rest."""

import msgspec

from appliance.db.database import Database
from appliance.domain import route_health, route_order
from appliance.domain.providers import Provider
from appliance.domain.route_book import Health

LAST = 20


class Standing(msgspec.Struct, frozen=True):
    """`outcomes` are the failure codes of the last sendings, "" for an answer, the newest last.

    `p50_ms` is the median time to the first byte over the last hour, None when nothing was measured.
    """

    model: str
    outcomes: list[str]
    p50_ms: float | None
    health: Health | None

    @property
    def state(self) -> str:
        if self.health and self.health.open_until:
            return "probing" if self.health.probe_until else "resting"
        return "failing" if self.health else "fine"


def of(db: Database, provider: Provider) -> list[Standing]:
    """The models that were called, or that failed, in the account's order."""
    known = {one.model: one for one in route_health.of(db, provider.id)}
    models = dict.fromkeys([*provider.models, *known])
    found = [_standing(db, provider.id, model, known.get(model)) for model in models]
    return [one for one in found if one.outcomes or one.health]


def _standing(db: Database, provider_id: str, model: str, health: Health | None) -> Standing:
    sql = """SELECT failure_code FROM attempts WHERE provider_id = :provider AND model_requested = :model
      ORDER BY started_at DESC LIMIT :last"""
    rows = db.rows(sql, {"provider": provider_id, "model": model, "last": LAST})
    p50 = route_order.measured_ms(db, provider_id, model) if rows else None
    return Standing(model, [row["failure_code"] for row in rows][::-1], p50, health)
