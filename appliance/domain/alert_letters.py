"""Letters about alerts: taken under a lease, sent, recorded; tried again for some hours. At least once."""

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import alerts, records
from appliance.domain.alerts import Alert, Event

LEASE_S = 120
BATCH = 20
# About six hours in all: after a day the alert is told again anyway.
DELAYS_S = (30, 60, 300, 900, 1800, 3600, 7200, 7200)
TEST = Alert(
    "test", "test", "", "warning", "Somebody wanted to see whether alerts arrive here.", "", "", None, "", None
)


class Letter(msgspec.Struct, frozen=True):
    """`attempts` counts how often sending began; with the id it is what a sender holds."""

    id: str
    alert_id: str
    channel_id: str
    event: Event
    state: str
    tries: int
    attempts: int
    due_at: str
    detail: str
    created_at: str
    settled_at: str | None


def due(control: Database) -> list[Letter]:
    sql = f"""SELECT * FROM alert_letters WHERE state IN ('queued', 'sending') AND due_at <= :now
      ORDER BY due_at, id LIMIT {BATCH}"""
    return [records.to(Letter, row) for row in control.rows(sql, {"now": clock.iso()})]


def take(control: Database, wanted: Letter) -> Letter | None:
    """The letter under a lease of its own; None when another process has it."""
    held: Row = {"id": wanted.id, "attempts": wanted.attempts, "state": wanted.state, "due_at": wanted.due_at}
    values = {"state": "sending", "attempts": wanted.attempts + 1, "due_at": clock.ahead(LEASE_S)}
    return get(control, wanted.id) if control.update("alert_letters", held, **values) else None


def sent(control: Database, held: Letter, detail: str) -> None:
    _settle(control, held, state="sent", detail=detail, settled_at=clock.iso())


def not_sent(control: Database, held: Letter, detail: str, again: bool) -> None:
    """Put it off, or give it up when it can't go or was tried for long enough."""
    if not again or held.tries >= len(DELAYS_S):
        _settle(control, held, state="failed", detail=detail, settled_at=clock.iso(), tries=held.tries + 1)
        return
    next_at = clock.ahead(DELAYS_S[held.tries])
    _settle(control, held, state="queued", detail=detail, due_at=next_at, tries=held.tries + 1)


def test(control: Database, channel_id: str) -> Letter:
    """A letter about nothing, to be sent at once."""
    row = alerts.letter(TEST.id, channel_id, "test")
    control.insert("alert_letters", row)
    return get(control, row["id"])


def about(control: Database, letter: Letter) -> Alert:
    """Raises Problem(not_found)."""
    return TEST if letter.alert_id == TEST.id else alerts.get(control, letter.alert_id)


def get(control: Database, letter_id: str) -> Letter:
    return records.to(Letter, control.rows("SELECT * FROM alert_letters WHERE id = :id", {"id": letter_id})[0])


def last(control: Database) -> dict[str, Letter]:
    """The newest letter to each channel, by its id."""
    sql = """SELECT * FROM alert_letters WHERE id IN (SELECT MAX(id) FROM alert_letters GROUP BY channel_id)"""
    return {row["channel_id"]: records.to(Letter, row) for row in control.rows(sql)}


def _settle(control: Database, held: Letter, **values: object) -> None:
    control.update("alert_letters", {"id": held.id, "attempts": held.attempts, "state": "sending"}, **values)
