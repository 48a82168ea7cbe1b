"""A price list from a file, for a box that can't be updated from outside; docs/prices.md describes the format.

A list takes the place of the one imported before it. What it changes is shown before it is applied.
"""

from hashlib import blake2b
from typing import Literal

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import events, price_forms, prices, records
from appliance.domain.actor import Actor
from appliance.domain.price_forms import UnitPrices
from appliance.domain.prices import MODEL_LIMIT
from appliance.errors import invalid

FORMAT = "agenthq-prices/1"
LARGEST = 10_000_000
ROWS_AT_ONCE = 50
SHOWN = 20


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: str
    prices: UnitPrices
    starts: str = msgspec.field(name="from", default="")
    ends: str | None = msgspec.field(name="until", default=None)


class PriceList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["agenthq-prices/1"]
    version: str
    models: list[Listed]


class Change(msgspec.Struct, frozen=True):
    """`what` is added, changed or removed; the prices are of input and output, in words."""

    what: str
    model: str
    starts_at: str
    before: str
    after: str
    doubt: str = ""


class Difference(msgspec.Struct, frozen=True):
    """What an import would do. `doubtful` counts prices that look like a slip of the hand."""

    version: str
    models: int
    added: int
    changed: int
    removed: int
    doubtful: int
    changes: list[Change]


class Imported(msgspec.Struct, frozen=True):
    version: str
    models: int
    created_by: str
    created_at: str


def read(text: str | bytes) -> PriceList:
    """Raises Problem(invalid) with the place that is wrong."""
    if len(text) > LARGEST:
        raise invalid(file=f"at most {LARGEST // 1_000_000} MB")
    try:
        found = msgspec.json.decode(text, type=PriceList)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise invalid(file=f"this is no price list of the form {FORMAT}: {error}") from None
    return checked(found)


def checked(found: PriceList) -> PriceList:
    """Raises Problem(invalid) with what is wrong, by model."""
    if not found.models or not found.version.strip() or len(found.version) > 60:
        raise invalid(file="a price list names its version, at most 60 characters, and at least one model")
    wrong = [f"{one.model}: {why}" for one in found.models if (why := _fault(one))]
    twice = len({_key(one) for one in found.models}) < len(found.models)
    if wrong or twice:
        raise invalid(file="; ".join(wrong[:SHOWN]) or "a model is listed twice from the same day")
    return found


def difference(db: Database, new: PriceList) -> Difference:
    """Against the list that was imported last."""
    before = {(one.model, one.starts_at): (one.prices, one.ends_at) for one in prices.every(db, "import")}
    after = {_key(one): (one.prices, _end(one)) for one in new.models}
    changes = [_change("added", key, None, after[key][0]) for key in after if key not in before]
    changes += [
        _change("changed", key, before[key][0], kept[0]) for key, kept in after.items() if _moved(before, key, kept)
    ]
    changes += [_change("removed", key, old[0], None) for key, old in before.items() if key not in after]
    counts = {what: sum(change.what == what for change in changes) for what in ("added", "changed", "removed")}
    doubtful = sum(bool(change.doubt) for change in changes)
    return Difference(new.version, len(new.models), doubtful=doubtful, changes=changes, **counts)


def apply(db: Database, actor: Actor, new: PriceList, confirm: bool = False) -> Difference:
    """Put the list in the place of the one before. Raises Problem(invalid) for a version that had other content."""
    actor.need("admin")
    digest, now = blake2b(msgspec.json.encode(new), digest_size=16).hexdigest(), clock.iso()
    with db.transaction():
        found = difference(db, new)
        if found.doubtful and not confirm:
            doubt = next(change for change in found.changes if change.doubt)
            raise invalid(confirm=f"{doubt.model}: {doubt.doubt}: confirm it if that is meant")
        _one_content(db, new.version, digest)
        db.delete("prices", source="import")
        rows = [_row(one, new.version, actor, now) for one in new.models]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            db.insert_all("prices", rows[start : start + ROWS_AT_ONCE])
        counts = {name: getattr(found, name) for name in ("models", "added", "changed", "removed")}
        about: Row = {"id": ids.new(), "version": new.version, "digest": digest, "created_by": actor.label}
        db.insert("price_imports", about | counts | {"created_at": now})
        prices.changed(db)
        events.record(db, actor, "price.imported", version=new.version, digest=digest, **counts)
    return found


def last(db: Database) -> Imported | None:
    row = db.one("SELECT * FROM price_imports ORDER BY id DESC LIMIT 1")
    return records.to(Imported, row) if row else None


def _one_content(db: Database, version: str, digest: str) -> None:
    sql = "SELECT digest FROM price_imports WHERE version = :version AND digest <> :digest"
    if db.one(sql, {"version": version, "digest": digest}):
        raise invalid(file=f"version {version} was imported with other content: give this list a version of its own")


def _fault(one: Listed) -> str:
    if not one.model.strip() or len(one.model) > MODEL_LIMIT:
        return f"give the model's id, at most {MODEL_LIMIT} characters"
    starts, ends = price_forms.moment(one.starts, "file"), _end(one)
    if ends and ends <= starts:
        return "it ends before it begins"
    return "; ".join(f"{name}: {why}" for name, why in price_forms.faults(one.prices).items())


def _key(one: Listed) -> tuple[str, str]:
    return one.model.strip(), price_forms.moment(one.starts, "file")


def _end(one: Listed) -> str | None:
    return price_forms.moment(one.ends or "", "file") or None


def _row(one: Listed, version: str, actor: Actor, now: str) -> Row:
    model, starts = _key(one)
    row: Row = {"id": ids.new(), "source": "import", "model": model, "starts_at": starts, "ends_at": _end(one)}
    row |= {"prices": records.dump(one.prices), "version": f"import {version}", "note": ""}
    return row | {"created_by": actor.label, "created_at": now}


def _moved(
    before: dict[tuple[str, str], tuple[UnitPrices, str | None]],
    key: tuple[str, str],
    kept: tuple[UnitPrices, str | None],
) -> bool:
    return key in before and before[key] != kept


def _change(what: str, key: tuple[str, str], before: UnitPrices | None, after: UnitPrices | None) -> Change:
    known = (before.input_usd_per_mtok, before.output_usd_per_mtok) if before else (None, None)
    doubt = price_forms.absurd(known, after) if after else ""
    return Change(what, *key, _words(before), _words(after), doubt)


def _words(found: UnitPrices | None) -> str:
    return f"${found.input_usd_per_mtok:f} in, ${found.output_usd_per_mtok:f} out" if found else ""
