"""What if these calls had gone to another model: priced one by one, from the calls themselves."""

from collections.abc import Mapping
from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import providers, records
from appliance.domain.analytics import savings, spans
from appliance.domain.analytics.baselines import Done, Elsewhere, Place
from appliance.domain.analytics.columns import DIMS
from appliance.domain.analytics.savings import Baseline
from appliance.domain.analytics.source import FILTERS
from appliance.errors import invalid

# Answered while somebody waits.
MOST = 50_000


class WhatIf(msgspec.Struct, frozen=True):
    """`looked_at` of `matching` answered calls, the newest: all unless there are more than 50,000."""

    first_day: str
    last_day: str
    only: dict[str, str]
    matching: int
    looked_at: int
    result: Baseline | None
    a_month_nano: int | None


_FROM = """FROM calls c JOIN attempts a ON a.call_id = c.id AND a.n = c.attempts
WHERE c.finished_at >= :first AND c.finished_at < :after AND c.state = 'ok' AND c.cost_nano IS NOT NULL"""
_COLUMNS = """c.id, c.finished_at, c.provider_id, c.model, c.asked_model, c.needs, c.simulated,
c.cost_nano AS actual_nano, a.input_total, a.cache_read, a.cache_write_5m, a.cache_write_1h, a.output_total"""


def asked(
    db: Database,
    elsewhere: Elsewhere,
    named: str,
    first_day: str = "",
    last_day: str = "",
    only: Mapping[str, str] | None = None,
) -> WhatIf:
    """What the answered calls of these days would have cost at `named` (account/model), with the same tokens.

    Those it could not have answered keep what they cost. Raises Problem(invalid).
    """
    first, last = spans.span(first_day, last_day)
    target, only = savings.place(db, named), dict(only or {})
    if wrong := set(only) - set(FILTERS):
        raise invalid(**{name: f"use one of {', '.join(FILTERS)}" for name in wrong})
    given: dict[str, Any] = {"first": first, "after": spans.after(last)}
    given |= {f"only_{name}": value for name, value in only.items()}
    narrowed = "".join(f" AND {DIMS[FILTERS[name]]} = :only_{name}" for name in only)
    matching = int(db.value(f"SELECT COUNT(*) AS n {_FROM}{narrowed}", given))
    sql = f"SELECT {_COLUMNS} {_FROM}{narrowed} ORDER BY c.finished_at DESC LIMIT :most"
    calls = [records.to(Done, row) for row in db.rows(sql, given | {"most": MOST})]
    result = _result(db, elsewhere, target, calls) if calls else None
    month = round(result.saved_nano * 30 / spans.length(first, last)) if result and matching == len(calls) else None
    return WhatIf(first, last, only, matching, len(calls), result, month)


def _result(db: Database, elsewhere: Elsewhere, target: Place, calls: list[Done]) -> Baseline:
    costs = elsewhere.costs(db, target, calls)
    nano = sum(call.actual_nano if there is None else there for call, there in zip(calls, costs, strict=True))
    actual, covered = sum(call.actual_nano for call in calls), sum(there is not None for there in costs)
    about = ("model", target.provider_id, target.model, providers.get(db, target.provider_id).name)
    return savings.made(about, covered, len(calls), actual, nano, all(call.simulated for call in calls))
