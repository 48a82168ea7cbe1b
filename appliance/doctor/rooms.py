"""Each tenant: its database, its files, its work and its money."""

import os
from collections.abc import Iterator

from appliance import clock
from appliance.db import migrate
from appliance.db.tenants import Catalogue
from appliance.doctor.finding import TENANT, WRITING_MENDS, Fault, Room, check
from appliance.doctor.holding import schema_of
from appliance.domain import claims, providers, tenants

LARGE_WAL = 256 * 2**20
STUCK_S = 600.0
LATE_S = 300.0
WAITED_S = 3600.0
RECENT_DAYS = 7
MOST_NAMED = 5


@check("tenant.integrity", TENANT)
def integrity(room: Room) -> str:
    fault = room.db.integrity()
    if fault != "ok" and not fault.startswith("a row points"):
        raise Fault(f"damaged: {fault}", "Restore it from a backup.")
    return "sound"


@check("tenant.schema", TENANT)
def schema(room: Room) -> str:
    return schema_of(migrate.applied(room.db), "tenant")


@check("tenant.foreign_keys", TENANT)
def foreign_keys(room: Room) -> str:
    if room.db.integrity().startswith("a row points"):
        raise Fault(
            "a row points at one that is gone", "Restore this tenant from a backup, and tell us how it came about."
        )
    return "every row points at one that is there"


@check("tenant.blobs", TENANT)
def blobs(room: Room) -> str:
    """Only whether they are there and as long as they were: reading all would take minutes."""
    place, missing = room.folder / "files" / "blobs", []
    rows = room.db.rows("SELECT digest, size FROM blobs")
    for row in rows:
        path = place / row["digest"][:2] / row["digest"]
        if not path.is_file() or path.stat().st_size != row["size"]:
            missing.append(row["digest"][:12])
    if missing:
        named = ", ".join(missing[:MOST_NAMED])
        raise Fault(
            f"{len(missing)} of {len(rows)} stored values are missing or cut: {named}", "Restore the files folder."
        )
    return f"{len(rows)} stored values, all there"


@check("tenant.orphans", TENANT)
def orphans(room: Room) -> str:
    known = {row["digest"] for row in room.db.rows("SELECT digest FROM blobs")}
    place, before = room.folder / "files" / "blobs", clock.now().timestamp() - 86_400
    lost = [path for path in place.glob("??/*") if path.name not in known and path.stat().st_mtime < before]
    if lost:
        held = sum(path.stat().st_size for path in lost) / 2**20
        fix = f"No row names them: they only take space. Look at {place}, and remove them after a backup."
        raise Fault(f"{len(lost)} files that belong to nothing ({held:.1f} MB)", fix, "warning")
    return "no file without a row"


@check("tenant.wal", TENANT)
def wal(room: Room) -> str:
    file = room.folder / "tenant.db-wal"
    size = os.stat(file).st_size if file.exists() else 0
    if size > LARGE_WAL:
        fix = "Something reads for a very long time, such as a copy of the file. End it, or restart the server."
        raise Fault(f"the write-ahead log has {size / 2**20:.0f} MB", fix, "warning")
    return f"{size / 2**20:.0f} MB of write-ahead log"


@check("runs.stuck", TENANT)
def stuck(room: Room) -> str:
    sql = """SELECT COUNT(*) AS n, MIN(r.ready_at) AS oldest FROM runs r JOIN agents a ON a.id = r.agent_id
      WHERE r.state = 'ready' AND r.ready_at < :before AND a.paused = FALSE"""
    row = room.db.rows(sql, {"before": clock.ahead(-STUCK_S)})[0]
    if row["n"]:
        fix = "Start the server or a worker; with all workers busy raise AGENTHQ_WORKERS. The task's page says why."
        raise Fault(
            f"{row['n']} runs are ready and do not begin, the oldest since {row['oldest'][:16]}", fix, "warning"
        )
    return f"{room.db.value(OPEN)} open runs, none stuck"


OPEN = "SELECT COUNT(*) FROM runs WHERE state IN ('ready', 'running', 'waiting')"


@check("runs.leases", TENANT)
def leases(room: Room) -> str:
    sql = "SELECT COUNT(*) FROM runs WHERE state = 'running' AND lease_until < :then"
    if count := room.db.value(sql, {"then": room.db.lease_time(-60)}):
        fix = "The scheduler gives them to others: start it. agenthq doctor --fix does it once."
        raise Fault(f"{count} runs are held by workers that went silent", fix, "warning")
    return "no lease is over"


@check("schedules.late", TENANT)
def late(room: Room) -> str:
    sql = "SELECT slug FROM schedules WHERE state = 'active' AND fire_at < :then ORDER BY slug"
    if rows := room.db.rows(sql, {"then": clock.ahead(-LATE_S)}):
        names = ", ".join(row["slug"] for row in rows[:MOST_NAMED])
        raise Fault(f"overdue by minutes: {names}", "Start the server, or the process with the scheduler.", "warning")
    return "none is late"


@check("providers.failing", TENANT)
def failing(room: Room) -> str:
    accounts = providers.all(room.db)
    for account in accounts:
        if account.paused:
            continue
        if account.out_at:
            raise Fault(f"{account.name} is out", f"{account.name}: {account.out_reason} Mend it and test the account.")
        if account.test_ok is False:
            raise Fault(f"{account.name} failed its last test", f"{account.name}: {account.test_detail}")
    return f"{len(accounts)} accounts, none failing its last test"


@check("prices.unpriced", TENANT)
def prices(room: Room) -> str:
    sql = "SELECT DISTINCT model FROM calls WHERE cost_source = 'unpriced' AND day >= :since ORDER BY model"
    rows = room.db.rows(sql, {"since": clock.ahead(-RECENT_DAYS * 86_400)[:10]})
    if found := [row["model"] for row in rows]:
        fix = "Set prices for them (agenthq price set), then price those calls anew."
        raise Fault(f"models in use without a price: {', '.join(found[:MOST_NAMED])}", fix, "warning")
    return "every model in use has a price"


@check("budgets.limit", TENANT)
def limits(room: Room) -> str:
    if count := room.db.value("SELECT COUNT(*) FROM budgets"):
        return f"{count} budgets"
    sql = "SELECT COUNT(*) FROM calls WHERE simulated = FALSE AND cost_nano > 0 AND day >= :since"
    if room.db.value(sql, {"since": clock.ahead(-RECENT_DAYS * 86_400)[:10]}):
        raise Fault("money is spent and no budget limits it", "Set one: agenthq budget set --usd 100", "warning")
    return "none, and nothing is spent"


@check("notices.email", TENANT)
def email(room: Room) -> str:
    """The last of each kind counts: what failed before it was mended is over."""
    sql = "SELECT state, detail FROM notices WHERE channel = 'email' AND tries > 0 ORDER BY id DESC LIMIT 1"
    sent = "SELECT MAX(settled_at) FROM notices WHERE channel = 'email' AND state = 'sent'"
    row = room.db.one(sql)
    if row and row["state"] in ("queued", "failed"):
        fix = "Check AGENTHQ_SMTP_HOST, port, security, user and password; then test under Notifications."
        raise Fault(f"e-mails do not leave: {row['detail']}", fix, "warning")
    return f"the last left at {room.db.value(sent) or 'no time yet'}"


@check("notices.stuck", TENANT)
def notices(room: Room) -> str:
    sql = "SELECT COUNT(*) FROM notices WHERE state IN ('queued', 'sending') AND due_at < :then"
    if count := room.db.value(sql, {"then": clock.ahead(-WAITED_S)}):
        raise Fault(
            f"{count} notices are due for an hour", "Start the process with the scheduler: it sends.", "warning"
        )
    return "nothing waits to be sent"


@check("events.gap", TENANT)
def gap(room: Room) -> str:
    row = room.db.rows("SELECT COUNT(*) AS n, MIN(seq) AS low, MAX(seq) AS high FROM events")[0]
    if row["n"] and row["high"] - row["low"] + 1 != row["n"]:
        lost = row["high"] - row["low"] + 1 - row["n"]
        fix = "Somebody or something removed them. Compare with a backup; the log is never cut in the middle."
        raise Fault(f"{lost} events are missing between {row['low']} and {row['high']}", fix)
    counter = room.db.value("SELECT value FROM counters WHERE name = 'event'") or 0
    if row["n"] and counter < row["high"]:
        raise Fault(f"the counter stands at {counter}, the last event is {row['high']}", "Restore this tenant.")
    return f"{row['n']} events without a gap"


def _release(catalogue: Catalogue) -> str:
    released = sum(_released(catalogue))
    return f"gave {released} runs of silent workers to others" if released else ""


def _released(catalogue: Catalogue) -> Iterator[int]:
    with catalogue.control() as control:
        found = tenants.every(control)
    for tenant in found:
        with catalogue.open(tenant.id) as db:
            yield claims.release_expired(db)


WRITING_MENDS |= {"runs.leases": _release}
