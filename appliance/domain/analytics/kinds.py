"""By kind of task: what was spent on it, and what a task of that kind costs until it is accepted."""

import msgspec

from appliance.db.database import Database
from appliance.domain.analytics import accepting, usage
from appliance.domain.analytics.shapes import Accepted, Line

NOTHING = Accepted(0, 0, 0, None)


class Kind(msgspec.Struct, frozen=True):
    """`spent` are the calls of the span; `accepted` the tasks that were done in it, with all their calls ever."""

    key: str
    label: str
    spent: Line
    accepted: Accepted


def kinds(db: Database, first_day: str, last_day: str) -> list[Kind]:
    """The dearest first."""
    done = accepting.by_kind(db, first_day, last_day)
    lines = usage.breakdown(db, "kind", first_day, last_day)
    return [Kind(line.key, line.label, line, done.get(line.key, NOTHING)) for line in lines]
