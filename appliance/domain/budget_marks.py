"""What stands beside a budget: where it is heading, whether its spend is simulated, and the calls that hold money."""

from datetime import datetime

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.budgets import Budget

# A forecast from less of a span than this says nothing.
EARLY = 0.05
UNDER_WAY = 20
_BELOW = """WITH RECURSIVE below (id) AS (
  SELECT id FROM tasks WHERE {} UNION SELECT t.id FROM tasks t JOIN below ON t.parent_id = below.id)
SELECT id FROM below"""
_OF_SCOPE = {
    "tenant": "c.id <> :id",
    "provider": "c.provider_id = :id",
    "model": "c.model = :id",
    "key": "c.key_id = :id",
    "session": "c.session_id = :id",
    "agent": "c.agent_id = :id",
    "project": f"(c.project = :id OR c.task_id IN ({_BELOW.format('project = :id')}))",
    "task": f"c.task_id IN ({_BELOW.format('id = :id')})",
    "run": "c.run_id = :id",
}
_OPEN = """
SELECT r.call_id, r.amount_nano, r.created_at, c.model, c.surface, c.key_id, c.task_id, c.simulated,
  a.name AS agent_name, p.name AS provider_name, t.number AS task_number
FROM reservations r JOIN calls c ON c.id = r.call_id LEFT JOIN agents a ON a.id = c.agent_id
LEFT JOIN providers p ON p.id = c.provider_id LEFT JOIN tasks t ON t.id = c.task_id
WHERE r.scope = 'tenant' ORDER BY r.created_at, r.call_id LIMIT :most"""
_HELD = """
SELECT COUNT(*) AS calls, CAST(COALESCE(SUM(amount_nano), 0) AS BIGINT) AS held_nano FROM reservations
WHERE scope = 'tenant'"""


class UnderWay(msgspec.Struct, frozen=True):
    """A call in flight and the money it holds."""

    call_id: str
    amount_nano: int
    created_at: str
    model: str
    surface: str
    key_id: str | None
    simulated: bool
    agent_name: str | None
    provider_name: str | None
    task_number: int | None


class Held(msgspec.Struct, frozen=True):
    """All calls in flight, and the oldest of them."""

    calls: int
    held_nano: int
    oldest: list[UnderWay]


def forecast(budget: Budget, now: datetime) -> int | None:
    """What the span will have cost at its end if it goes on like this; None where it has no end or has hardly begun."""
    if budget.ends is None or not budget.spent_nano:
        return None
    starts, ends = clock.parse(budget.starts), clock.parse(budget.ends)
    share = (now - starts) / (ends - starts)
    return round(budget.spent_nano / share) if share >= EARLY else None


def simulated(db: Database, limits: list[Budget]) -> set[str]:
    """The ids of those budgets whose spend in the current span is simulated in part or whole."""
    sql = """SELECT 1 AS found FROM calls c WHERE c.simulated AND c.cost_nano > 0 AND c.day >= :day
             AND c.finished_at >= :starts AND {} LIMIT 1"""
    asked = ((b, {"day": b.starts[:10], "starts": b.starts, "id": b.scope_id}) for b in limits if b.spent_nano)
    return {budget.id for budget, params in asked if db.value(sql.format(_OF_SCOPE[budget.scope]), params)}


def under_way(db: Database) -> Held:
    rows = db.rows(_OPEN, {"most": UNDER_WAY})
    return Held(**db.rows(_HELD)[0], oldest=[records.to(UnderWay, row) for row in rows])
