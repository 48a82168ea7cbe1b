"""How well routes chose: the share of decisions that took the cheapest capable target that was healthy then."""

import msgspec

from appliance.db import migrate
from appliance.db.database import Database
from appliance.domain.analytics import spans


class Chosen(msgspec.Struct, frozen=True):
    """Of `decisions` with a known price, `optimal` took the cheapest; `regret_nano` is what the others cost more.

    Both are by the estimates that the decision was made on.
    """

    decisions: int
    optimal: int
    regret_nano: int

    @property
    def share(self) -> float | None:
        return self.optimal / self.decisions if self.decisions else None


def of(db: Database, first_day: str, last_day: str) -> Chosen:
    # The records begin with the release that has routes.
    if "decisions" not in migrate.tables("tenant"):
        return Chosen(0, 0, 0)
    sql = """SELECT COUNT(*) AS decisions,
    CAST(COALESCE(SUM(CASE WHEN nano_estimate <= best_nano THEN 1 ELSE 0 END), 0) AS BIGINT) AS optimal,
    CAST(COALESCE(SUM(CASE WHEN nano_estimate > best_nano THEN nano_estimate - best_nano ELSE 0 END), 0) AS BIGINT)
      AS regret_nano
    FROM decisions WHERE at >= :first AND at < :after AND nano_estimate IS NOT NULL AND best_nano IS NOT NULL"""
    return Chosen(**db.rows(sql, {"first": first_day, "after": spans.after(last_day)})[0])
