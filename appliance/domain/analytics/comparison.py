"""Accounts and models beside each other: what they did, how fast, how surely, and for how much."""

from collections.abc import Mapping

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.analytics import latencies, savings
from appliance.domain.analytics.columns import FIRST, TOOK
from appliance.domain.analytics.savings import Baseline
from appliance.domain.analytics.shapes import Spread, Total
from appliance.domain.analytics.source import MEASURED, SUMMED, Asked, rows


class Compared(Total, frozen=True):
    """One model of one account. `success` is the share of calls that were answered; both amounts are per answer.

    `elsewhere` is the same model as a baseline of all calls; None while nothing is compared with it.
    """

    provider_id: str = ""
    model: str = ""
    account: str = ""
    success: float | None = None
    per_answer_nano: int | None = None
    per_thousand_tokens_nano: int | None = None
    first_byte: Spread = Spread(0, None, None, None)
    whole: Spread = Spread(0, None, None, None)
    elsewhere: Baseline | None = None


def compared(db: Database, first_day: str, last_day: str, only: Mapping[str, str] | None = None) -> list[Compared]:
    """The most used first."""
    found = rows(
        db,
        Asked(first_day, last_day, only or {}),
        f"u.provider_id, u.model, {SUMMED}, {latencies.COUNTED}",
        "GROUP BY u.provider_id, u.model",
        ("provider_id", "model"),
        (*MEASURED, *FIRST, *TOOK),
    )
    names = {row["id"]: row["name"] for row in db.rows("SELECT id, name FROM providers")}
    against = {(b.provider_id, b.model): b for b in savings.of(db, first_day, last_day).models}
    lines = []
    for row in found:
        answers, tokens = row["calls"] - row["failed"], row["input_total"] + row["output_total"]
        row["account"] = names.get(row["provider_id"], "Removed account")
        row["success"] = round(answers / row["calls"], 4) if row["calls"] else None
        row["per_answer_nano"] = row["cost_nano"] // answers if answers else None
        row["per_thousand_tokens_nano"] = row["cost_nano"] * 1_000 // tokens if tokens else None
        line = records.to(Compared, row)
        spreads = (latencies.spread([row[name] for name in part]) for part in (FIRST, TOOK))
        first, whole = spreads
        key = (line.provider_id, line.model)
        lines.append(msgspec.structs.replace(line, first_byte=first, whole=whole, elsewhere=against.get(key)))
    return sorted(lines, key=lambda line: (-line.calls, line.account, line.model))
