"""Alerts of the box: raised once for each rule and subject, cleared when it is over, told again after a day."""

from typing import Literal, NamedTuple, cast

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import audit, records
from appliance.domain.actor import Actor
from appliance.errors import not_found

Severity = Literal["warning", "critical"]
Event = Literal["raised", "again", "cleared", "test"]
AGAIN_S = 24 * 3600.0
KEPT_S = 90 * 86_400.0


class Rule(NamedTuple):
    """What a rule is called, and what to do about its alerts."""

    title: str
    fix: str


class Fault(NamedTuple):
    """What a rule found."""

    rule: str
    subject: str
    severity: Severity
    said: str


RULES: dict[str, Rule] = {
    "queue.stuck": Rule(
        "Work does not start",
        "Look at the processes on this page; start a worker, or raise AGENTHQ_WORKERS when all are busy.",
    ),
    "scheduler.silent": Rule("The scheduler is silent", "Restart the process that runs it; its log says why."),
    "disk.low": Rule(
        "The disk is nearly full", "Free some space. Below 5 % no new work is begun; it goes on by itself."
    ),
    "backup.failed": Rule("A backup failed", "See Backups for the reason; then run: agenthq backup run"),
    "drill.overdue": Rule("No restore was proven lately", "Run: agenthq backup drill"),
    "budget.80": Rule("A budget is used to 80 %", "Raise the limit, or see under Costs what the money goes to."),
    "budget.100": Rule("A budget is used up", "Work under it is held. Raise the limit or wait for its next span."),
    "calls.failing": Rule(
        "Many model calls fail", "See the accounts under Providers: test them, or add a fallback to the route."
    ),
    "provider.down": Rule("A provider account is down", "Test the account under Providers; its last answer says why."),
    "certificate.ending": Rule(
        "The TLS certificate ends soon", "Renew it; the box takes a new file without a restart."
    ),
    "tenant.maintenance": Rule(
        "A tenant is in maintenance", "Its database does not open. Run agenthq doctor, then restore it from a backup."
    ),
}


class Alert(msgspec.Struct, frozen=True):
    """`subject` says of what (a tenant, an account, a part; "" for the box). `told_at`: when people were told last."""

    id: str
    rule: str
    subject: str
    severity: Severity
    said: str
    raised_at: str
    told_at: str
    acknowledged_at: str | None
    acknowledged_by: str
    cleared_at: str | None

    @property
    def title(self) -> str:
        return RULES[self.rule].title if self.rule in RULES else self.rule

    @property
    def fix(self) -> str:
        return RULES[self.rule].fix if self.rule in RULES else ""


def raise_(control: Database, rule: str, subject: str, severity: Severity, said: str) -> Alert:
    """Open the alert, or keep the one that is open with its newest words; people are told when it opens."""
    with control.transaction():
        if found := _open(control, rule, subject):
            control.update("alerts", {"id": found.id}, said=said, severity=severity)
            return get(control, found.id)
        now = clock.iso()
        row: Row = {"id": ids.new(), "rule": rule, "subject": subject, "severity": severity, "said": said}
        row |= {"raised_at": now, "told_at": now, "acknowledged_at": None, "acknowledged_by": "", "cleared_at": None}
        control.insert("alerts", row)
        _tell(control, row["id"], "raised")
    return get(control, row["id"])


def clear(control: Database, rule: str, subject: str) -> bool:
    """It is over; whether there was an open alert. People are told so."""
    with control.transaction():
        found = _open(control, rule, subject)
        if found is None:
            return False
        control.update("alerts", {"id": found.id}, cleared_at=clock.iso())
        _tell(control, found.id, "cleared")
    return True


def acknowledge(control: Database, actor: Actor, alert_id: str) -> Alert:
    """Somebody looks after it: it is not told again. Raises Problem(not_found)."""
    with control.transaction():
        found = get(control, alert_id)
        if found.cleared_at is None and found.acknowledged_at is None:
            control.update("alerts", {"id": found.id}, acknowledged_at=clock.iso(), acknowledged_by=actor.label)
            audit.record(control, actor, "alert.acknowledged", f"{found.rule} {found.subject}".strip())
    return get(control, alert_id)


def remind(control: Database) -> int:
    """Tell again of what is open, not acknowledged and was last told a day ago; how many there were."""
    before = clock.ahead(-AGAIN_S)
    sql = "SELECT id FROM alerts WHERE cleared_at IS NULL AND acknowledged_at IS NULL AND told_at < :before"
    with control.transaction():
        found = [row["id"] for row in control.rows(sql, {"before": before})]
        for alert_id in found:
            control.update("alerts", {"id": alert_id}, told_at=clock.iso())
            _tell(control, alert_id, "again")
    return len(found)


def get(control: Database, alert_id: str) -> Alert:
    """Raises Problem(not_found)."""
    row = control.one("SELECT * FROM alerts WHERE id = :id", {"id": alert_id})
    if row is None:
        raise not_found("alert")
    return records.to(Alert, row)


def open_ones(control: Database) -> list[Alert]:
    """The critical ones first, then the oldest."""
    sql = "SELECT * FROM alerts WHERE cleared_at IS NULL ORDER BY severity, raised_at, id"
    return [records.to(Alert, row) for row in control.rows(sql)]


def history(control: Database, limit: int = records.LIMIT, cursor: str = "") -> records.Page[Alert]:
    """Those that are over, the last raised first. Raises Problem(bad_cursor)."""
    before_at, before_id = records.read_cursor(cursor, str, str) if cursor else ("9", "")
    rows = control.rows(
        """SELECT * FROM alerts WHERE cleared_at IS NOT NULL
          AND (raised_at < :at OR (raised_at = :at AND id < :id)) ORDER BY raised_at DESC, id DESC LIMIT :limit""",
        {"at": before_at, "id": before_id, "limit": limit + 1},
    )
    found = [records.to(Alert, row) for row in rows]
    return cast(records.Page[Alert], records.page(found, limit, lambda alert: (alert.raised_at, alert.id)))


def prune(control: Database) -> int:
    """Forget what was over three months ago, and its letters."""
    old = {"old": clock.ahead(-KEPT_S)}
    with control.transaction():
        control.execute("DELETE FROM alert_letters WHERE settled_at < :old", old)
        return control.execute("DELETE FROM alerts WHERE cleared_at < :old", old)


def _open(control: Database, rule: str, subject: str) -> Alert | None:
    sql = "SELECT * FROM alerts WHERE rule = :rule AND subject = :subject AND cleared_at IS NULL"
    row = control.one(sql, {"rule": rule, "subject": subject})
    return records.to(Alert, row) if row else None


def _tell(control: Database, alert_id: str, event: Event) -> None:
    for row in control.rows("SELECT id FROM alert_channels ORDER BY id"):
        control.insert("alert_letters", letter(alert_id, row["id"], event))


def letter(alert_id: str, channel_id: str, event: Event) -> Row:
    """A row to insert: queued and due now."""
    now = clock.iso()
    row: Row = {"id": ids.new(), "alert_id": alert_id, "channel_id": channel_id, "event": event, "state": "queued"}
    return row | {"tries": 0, "attempts": 0, "due_at": now, "detail": "", "created_at": now, "settled_at": None}
