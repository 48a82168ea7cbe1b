"""A provider's own figure that is not what the price list says: told of once for each model and day."""

from collections.abc import Iterable

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events
from appliance.domain.actor import SYSTEM
from appliance.domain.ledger_rows import Attempt

# Below a hundredth of a cent a provider's own rounding weighs more than its price.
SMALL_NANO = 100_000


def differs(attempt: Attempt) -> bool:
    """More than one per cent apart."""
    reported, computed = attempt.reported_nano, attempt.computed_nano
    if reported is None or computed is None or max(reported, computed) < SMALL_NANO:
        return False
    return abs(reported - computed) * 100 > computed


def note(db: Database, attempts: Iterable[Attempt]) -> None:
    """In the open transaction; no statement where everything agrees."""
    for attempt in attempts:
        if differs(attempt):
            _tell(db, attempt)


def _tell(db: Database, attempt: Attempt) -> None:
    model = attempt.model_reported or attempt.model_requested
    key = {"day": clock.iso()[:10], "provider_id": attempt.provider_id, "model": model}
    sql = (
        "INSERT INTO price_alarms (day, provider_id, model) VALUES (:day, :provider_id, :model) ON CONFLICT DO NOTHING"
    )
    if db.execute(sql, key):
        about = {"provider_id": attempt.provider_id, "model": model, "price_version": attempt.price_version}
        reported, computed = attempt.reported_nano, attempt.computed_nano
        events.record(db, SYSTEM, "price.differs", reported_nano=reported, computed_nano=computed, **about)
