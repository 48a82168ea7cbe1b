"""Past calls priced anew, each at its own time: those without a price, and those priced by another version of it.

What a provider reported is never replaced, and nothing that had a price loses it.
"""

from collections.abc import Iterator
from datetime import timedelta

import msgspec

from appliance import clock
from appliance.calls import pricing
from appliance.calls.accounts import Accounts
from appliance.db.database import Database, Row
from appliance.domain import adjustments, ledger_lists, providers, records
from appliance.domain.actor import Actor
from appliance.domain.adjustments import COST, IMPUTED, Change
from appliance.domain.ledger import Attempt, Call
from appliance.errors import invalid
from appliance.gateway.prices import Price
from appliance.gateway.types import Account

BATCH = 200
# More than a request may take; the command line takes any number.
MOST = 100_000
LONGEST = timedelta(days=2)
_LISTED = ("unpriced", "catalogue", "override", "estimated", "flat", "local")
_NEXT = """
SELECT a.*, a.id AS attempt_id FROM attempts a JOIN calls c ON c.id = a.call_id
WHERE c.day BETWEEN :first AND :last AND c.started_at >= :since AND c.state <> 'open' AND a.cost_source IN ({sources})
AND (a.call_id > :call OR (a.call_id = :call AND a.n > :n)) ORDER BY a.call_id, a.n LIMIT :batch
"""


class ModelChange(msgspec.Struct, frozen=True):
    model: str
    attempts: int
    before_nano: int
    after_nano: int


class Repriced(msgspec.Struct, frozen=True):
    """`checked` sendings were looked at and `changed` get another amount, `priced` of them their first.

    `unpriced` still have none. Amounts are of the changed ones; `imputed` counts list prices that nobody pays.
    """

    first_day: str
    last_day: str
    applied: bool
    checked: int
    changed: int
    priced: int
    unpriced: int
    imputed: int
    before_nano: int
    after_nano: int
    models: list[ModelChange]


def reprice(
    accounts: Accounts, db: Database, actor: Actor, first: str, last: str, apply: bool, most: int | None = None
) -> Repriced:
    """Days are UTC, both included. Without `apply` only say what would change. Raises Problem(invalid)."""
    actor.need("admin")
    if most is not None and _count(db, first, last) > most:
        raise invalid(**{"from": f"more than {most:,} calls: take fewer days, or use agenthq price reprice"})
    known = {one.id: accounts.described(one, db) for one in providers.all(db)}
    tally = _Tally()
    for batch in _batches(db, first, last):
        found = [(row, _change(accounts, known, row, calls)) for row, calls in batch]
        due = [change for _, change in found if change]
        if apply and due:
            due = adjustments.apply(db, actor, due, f"Priced anew for {first} to {last}")
        tally.add(due)
        tally.checked += len(found)
        tally.unpriced += sum(change is None and row["cost_source"] == "unpriced" for row, change in found)
    return tally.told(first, last, apply)


class _Tally:
    def __init__(self) -> None:
        self.checked = self.unpriced = self._priced = self._imputed = 0
        self._models: dict[str, list[int]] = {}

    def add(self, changes: list[Change]) -> None:
        for change in changes:
            if change.what == IMPUTED:
                self._imputed += 1
                continue
            self._priced += change.before_nano is None
            sums = self._models.setdefault(change.model, [0, 0, 0])
            for at, amount in enumerate((1, change.before_nano or 0, change.after_nano)):
                sums[at] += amount

    def told(self, first: str, last: str, applied: bool) -> Repriced:
        models = [ModelChange(model, *sums) for model, sums in sorted(self._models.items())]
        changed, before, after = (sum(sums[at] for sums in self._models.values()) for at in range(3))
        counts = (self.checked, changed, self._priced, self.unpriced, self._imputed)
        return Repriced(first, last, applied, *counts, before, after, models)


def _count(db: Database, first: str, last: str) -> int:
    sql = "SELECT COUNT(*) AS calls FROM calls WHERE day BETWEEN :first AND :last"
    return int(db.value(sql, {"first": first, "last": last}))


def _batches(db: Database, first: str, last: str) -> Iterator[list[tuple[Row, dict[str, Call]]]]:
    names, given = records.named(list(_LISTED))
    since = clock.iso(clock.parse(f"{first}T00:00:00Z") - LONGEST)
    given |= {"first": first, "last": last, "since": since, "call": "", "n": 0, "batch": BATCH}
    while rows := db.rows(_NEXT.format(sources=names), given):
        calls = ledger_lists.some(db, {row["call_id"] for row in rows})
        yield [(row, calls) for row in rows]
        given |= {"call": rows[-1]["call_id"], "n": rows[-1]["n"]}


def _change(accounts: Accounts, known: dict[str, Account], row: Row, calls: dict[str, Call]) -> Change | None:
    """None for what keeps its price: nothing better is known, or the same version says the same."""
    old = records.to(Attempt, row, ("units", "lines", "shares"))
    account = known.get(old.provider_id)
    # Somebody else's guess at a lost call has no tokens that could be priced.
    if account is None or not (old.input_total or old.output_total):
        return None
    # Whatever the account's billing is now: how the call was paid for stays.
    listed = msgspec.structs.replace(account, billing="metered")
    at = clock.parse(old.started_at or calls[row["call_id"]].started_at)
    usage = pricing.usage_of(old)
    new = pricing.priced(accounts.prices, listed, old.model_requested, old.model_reported, usage, at, old.tier)
    what = IMPUTED if old.cost_source in ("flat", "local") else COST
    before = old.imputed_nano if what == IMPUTED else old.cost_nano
    if (
        new.cost_nano is None
        or new.cost_nano == before
        or (before is not None and new.price_version == old.price_version)
    ):
        return None
    about = (calls[row["call_id"]], row["attempt_id"], old.provider_id, old.model_requested, what)
    return Change(*about, before, new.cost_nano, new.price_version, _columns(new, old, what))


def _columns(new: Price, old: Attempt, what: str) -> Row:
    columns = pricing.figures(new)
    columns["lines"] = records.dump(columns["lines"])
    if what == IMPUTED:
        return columns | {"cost_nano": 0, "cost_source": old.cost_source, "imputed_nano": new.cost_nano}
    if old.cost_source == "estimated":
        columns |= {"cost_source": "estimated", "note": old.note}
    return columns
