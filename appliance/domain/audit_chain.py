"""The box's audit log as a chain with a key: each line is signed together with the line before it.

The key is wrapped by the master key, so a thief of control.db can neither change a line nor write one. The number of
the last line is signed too, so the end can't be cut off. Lines are numbered at the end of their transaction, which
alone holds the counter's row.
"""

import msgspec

from appliance import clock, crypto, ids, redaction
from appliance.crypto import Vault
from appliance.db.database import Database, Row
from appliance.domain.actor import SYSTEM
from appliance.domain.chain import BATCH, Head, Proof

COLUMNS = ("seq", "id", "at", "tenant_id", "actor", "action", "subject")
COUNTER = "audit"
HEAD = "audit_head"
STARTED = "audit.chain_started"


def append(control: Database, row: Row) -> None:
    """Add one line at the end of the open transaction, or in one of its own."""
    with control.transaction():
        if not control.known.get("audit"):
            control.before_commit(lambda: _write(control, control.known.get("audit", ())))
        control.known["audit"] = (*control.known.get("audit", ()), row)


def unlock(control: Database, vault: Vault) -> bytes:
    """The key of the log, which lies wrapped beside it and opens only with the master key; lines can be written now."""
    find = "SELECT value FROM box WHERE name = 'audit_key'"
    if (wrapped := control.value(find)) is None:
        add = "INSERT INTO box (name, value) VALUES ('audit_key', :key) ON CONFLICT (name) DO NOTHING"
        control.execute(add, {"key": vault.new_log_key()})
        wrapped = control.value(find)
    control.log_key = vault.log_key(wrapped)
    begin(control)
    return control.log_key


def begin(control: Database) -> None:
    """Chain the lines that were written before there was a chain; a last one says how many they were."""
    if control.value("SELECT 1 AS found FROM box WHERE name = :head", {"head": HEAD}):
        return
    with control.transaction():
        # Takes the counter's row: of two processes that start at once the second finds the work done.
        control.next_number(COUNTER, 0)
        if control.value("SELECT 1 AS found FROM box WHERE name = :head", {"head": HEAD}):
            return
        last = Head(0, "")
        rows = control.rows("SELECT * FROM audit ORDER BY id")
        for row in rows:
            last = Head(last.seq + 1, _digest(control, last.hash, row | {"seq": last.seq + 1}))
            control.update("audit", {"id": row["id"]}, seq=last.seq, hash=last.hash)
        control.update("counters", {"name": COUNTER}, value=last.seq)
        started = {"id": ids.new(), "at": clock.iso(), "tenant_id": None, "actor": SYSTEM.label}
        _write(control, (started | {"action": STARTED, "subject": f"{len(rows)} earlier lines"},))


def verify(control: Database, noted: Head | None = None) -> Proof:
    """Walk the whole log; `noted` is a head written down earlier, which must still be there."""
    last, lines = Head(0, ""), 0
    while rows := control.rows(
        "SELECT * FROM audit WHERE seq > :seq ORDER BY seq LIMIT :most", {"seq": last.seq, "most": BATCH}
    ):
        for row in rows:
            if fault := _fault(control, row, last, noted):
                return Proof(lines, 0, last.text, last.seq + 1, fault)
            last, lines = Head(row["seq"], row["hash"]), lines + 1
    fault = _end(control, last, noted)
    return Proof(lines, 0, last.text, last.seq + 1 if fault else None, fault)


def _write(control: Database, rows: tuple[Row, ...]) -> None:
    control.known["audit"] = ()
    if not rows:
        return
    seq = control.next_number(COUNTER, len(rows)) - len(rows)
    hash_ = str(control.value("SELECT hash FROM audit WHERE seq = :seq", {"seq": seq}) or "")
    for row in rows:
        seq += 1
        stored = dict(redaction.clean_all({"seq": seq, **row}, control.name))
        hash_ = stored["hash"] = _digest(control, hash_, stored)
        control.insert("audit", stored)
    control.upsert("box", {"name": HEAD, "value": f"{seq}:{_signed_end(control, seq, hash_)}"}, ("name",))


def _fault(control: Database, row: Row, last: Head, noted: Head | None) -> str:
    if row["seq"] != last.seq + 1:
        return f"Line {last.seq + 1} is missing."
    if row["hash"] != _digest(control, last.hash, row):
        return f"Line {row['seq']} is not what was written there."
    if noted and noted.seq == row["seq"] and noted.hash != row["hash"]:
        return f"Line {row['seq']} is not the one that was noted: the log was rewritten at or before it."
    return ""


def _end(control: Database, last: Head, noted: Head | None) -> str:
    """Is the last line that there is the last that was written, and is there none beside the chain?"""
    if unchained := control.value("SELECT COUNT(*) AS n FROM audit WHERE seq IS NULL OR seq < 1"):
        return f"{unchained} lines were put in beside the chain."
    found = str(control.value("SELECT value FROM box WHERE name = :head", {"head": HEAD}) or "")
    if not found:
        return "The end of the log is not signed." if last.seq else ""
    seq, _, signed = found.partition(":")
    if int(seq) > last.seq or (noted and noted.seq > last.seq):
        return (
            f"The log ends after line {last.seq}; lines up to {max(int(seq), noted.seq if noted else 0)} were written."
        )
    if int(seq) != last.seq or signed != _signed_end(control, last.seq, last.hash):
        return f"The end of the log after line {last.seq} is not the one that was signed."
    return ""


def _signed_end(control: Database, seq: int, hash_: str) -> str:
    return crypto.keyed_digest(control.log_key, f"end|{seq}|{hash_}".encode())


def _digest(control: Database, before: str, row: Row) -> str:
    line = msgspec.json.encode([row[column] for column in COLUMNS])
    return crypto.keyed_digest(control.log_key, before.encode() + b"\n" + line)
