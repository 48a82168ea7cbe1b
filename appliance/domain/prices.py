"""The tenant's own prices of models, with the dates they hold; a call takes the one of its own time.

Where several hold, the one that started last counts: a price for a month leaves the one before it in place.
"""

from decimal import Decimal

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import events, marks, price_forms, records
from appliance.domain.actor import Actor
from appliance.domain.price_forms import NewPrice, UnitPrices
from appliance.errors import invalid, not_found

COUNTER = "prices"
MODEL_LIMIT = 200
Known = tuple[Decimal | None, Decimal | None]


class SetPrice(msgspec.Struct, frozen=True):
    """`source` is override for what somebody set, import for a line of an imported list.

    Holds from `starts_at` until before `ends_at`, UTC; "" and None are all time. `version` changes with every change.
    """

    id: str
    source: str
    model: str
    starts_at: str
    ends_at: str | None
    prices: UnitPrices
    version: str
    note: str
    created_by: str
    created_at: str

    def holds(self, now: str) -> bool:
        return self.starts_at <= now < (self.ends_at or "9")


def put(db: Database, actor: Actor, new: NewPrice, known: Known = (None, None)) -> SetPrice:
    """Set the price of a model from a day on; one that starts on the same day is replaced.

    `known` is what input and output cost so far, for the question whether a price is meant. Raises Problem(invalid).
    """
    actor.need("admin")
    model, starts = new.model.strip(), price_forms.moment(new.starts, "starts")
    ends = price_forms.moment(new.ends, "ends") or None
    wrong = price_forms.faults(new.prices)
    if not model or len(model) > MODEL_LIMIT:
        wrong["model"] = f"give the model's id, at most {MODEL_LIMIT} characters"
    if ends and ends <= starts:
        wrong["ends"] = "give a day after the first"
    if wrong:
        raise invalid(**wrong)
    if not new.confirm and (slip := price_forms.absurd(known, new.prices)):
        raise invalid(confirm=f"{slip}: confirm it if that is meant")
    now = clock.iso()
    row: Row = {"id": ids.new(), "source": "override", "model": model, "starts_at": starts, "ends_at": ends}
    row |= {"prices": records.dump(new.prices), "version": f"override {now}", "note": new.note.strip()[:500]}
    row |= {"created_by": actor.label, "created_at": now}
    with db.transaction():
        db.delete("prices", source="override", model=model, starts_at=starts)
        db.insert("prices", row)
        changed(db)
        events.record(db, actor, "price.set", model=model, starts_at=starts, ends_at=ends, prices=row["prices"])
    return get(db, str(row["id"]))


def remove(db: Database, actor: Actor, price_id: str) -> SetPrice:
    """Calls that were priced by it keep what they cost. Raises Problem(not_found)."""
    actor.need("admin")
    found = get(db, price_id)
    if found.source != "override":
        raise not_found("price")
    with db.transaction():
        db.delete("prices", id=found.id)
        changed(db)
        events.record(db, actor, "price.removed", model=found.model, starts_at=found.starts_at, version=found.version)
    return found


def get(db: Database, price_id: str) -> SetPrice:
    """Raises Problem(not_found)."""
    row = db.one("SELECT * FROM prices WHERE id = :id", {"id": price_id})
    if row is None:
        raise not_found("price")
    return _price(row)


def every(db: Database, source: str = "override") -> list[SetPrice]:
    """By model, the newest first."""
    sql = "SELECT * FROM prices WHERE source = :source ORDER BY model, starts_at DESC"
    return [_price(row) for row in db.rows(sql, {"source": source})]


def version(db: Database) -> int:
    """Changes with every change of a price; 0 until the first."""
    return int(marks.known(db, marks.PRICES, "SELECT value FROM counters WHERE name = 'prices'") or 0)


def changed(db: Database) -> None:
    """In the transaction of the change."""
    db.next_number(COUNTER)
    marks.changed(db, marks.PRICES)


def _price(row: Row) -> SetPrice:
    return records.to(SetPrice, row, ("prices",))
