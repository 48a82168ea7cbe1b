"""The comparison of our engine's semantics with Temporal's: one row for each scenario, by group."""

from tests.semantics.table import cancels, children, crashes, identity, replays, waits
from tests.semantics.table.row import Row

GROUPS: dict[str, tuple[Row, ...]] = {
    "Failures and dead workers": crashes.ROWS,
    "Signals and timers": waits.ROWS,
    "Stopping": cancels.ROWS,
    "Parents and children": children.ROWS,
    "Code that is run again": replays.ROWS,
    "Names, sizes and questions": identity.ROWS,
}
ROWS: tuple[Row, ...] = tuple(row for rows in GROUPS.values() for row in rows)

__all__ = ["GROUPS", "ROWS", "Row"]
