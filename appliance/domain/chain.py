"""The event log as a chain: each line holds the digest of itself and of the line before it.

Who changes, drops or inserts a line breaks the chain from there on. There is no key: one that lay on this machine would
sign whatever its thief writes. A log rewritten as a whole is told by its head, noted earlier in another place.
"""

import hashlib
from typing import NamedTuple

import msgspec

from appliance import redaction
from appliance.db.database import Database, Row

COLUMNS = ("seq", "at", "kind", "actor", "task_id", "run_id", "agent_id", "data")
BATCH = 2000
# By the counter, not by the last line there is: dropping that one leaves a gap.
_LAST = """SELECT c.value, COALESCE(e.hash, '') AS hash FROM counters c LEFT JOIN events e ON e.seq = c.value
  WHERE c.name = 'event'"""


class Head(NamedTuple):
    """The last line of a log: its number and its digest; what to note elsewhere."""

    seq: int
    hash: str

    @property
    def text(self) -> str:
        return f"{self.seq}:{self.hash}"


class Proof(msgspec.Struct, frozen=True):
    """`lines` were sound, `before` of them from before the chain began; `bad` is the first that is not, `fault` why."""

    lines: int
    before: int
    head: str
    bad: int | None = None
    fault: str = ""


def append(db: Database, rows: list[Row]) -> int:
    """Add lines to the log, in the open transaction; the number of the last. Readers hear of them after the commit."""
    with db.transaction():
        last, hash_ = head(db)
        for seq, row in enumerate(rows, last + 1):
            stored = dict(redaction.clean_all({"seq": seq, **row}, db.name))
            stored["hash"] = hash_ = _digest(hash_, stored)
            db.insert_later("events", stored)
            db.announce(stored)
        db.known["events"] = Head(last + len(rows), hash_)
    return last + len(rows)


def head(db: Database) -> Head:
    """The last line as the open transaction has it; asked for once, since only one at a time writes."""
    known: Head | None = db.known.get("events")
    if known:
        return known
    row = db.one(_LAST)
    db.before_commit(lambda: db.upsert("counters", {"name": "event", "value": db.known["events"].seq}, ("name",)))
    return Head(row["value"], row["hash"]) if row else Head(0, "")


def verify(db: Database, noted: Head | None = None) -> Proof:
    """Walk the whole log; `noted` is a head written down earlier, which must still be there."""
    seq, hash_, lines, before = 0, "", 0, 0
    while rows := db.rows(
        "SELECT * FROM events WHERE seq > :seq ORDER BY seq LIMIT :most", {"seq": seq, "most": BATCH}
    ):
        for row in rows:
            fault = _fault(row, seq, hash_, noted)
            if fault:
                return Proof(lines, before, Head(seq, hash_).text, seq + 1, fault)
            seq, hash_ = row["seq"], row["hash"]
            lines, before = lines + 1, before + (not hash_)
    if noted and noted.seq > seq:
        return Proof(lines, before, Head(seq, hash_).text, seq + 1, f"The log ends before the noted line {noted.seq}.")
    return Proof(lines, before, Head(seq, hash_).text)


def _fault(row: Row, seq: int, hash_: str, noted: Head | None) -> str:
    if row["seq"] != seq + 1:
        return f"Line {seq + 1} is missing."
    # Lines from before the chain began have no digest; after its first one there is no such line.
    if (row["hash"] or hash_) and row["hash"] != _digest(hash_, row):
        return f"Line {row['seq']} is not what was written there."
    if noted and noted.seq == row["seq"] and noted.hash != row["hash"]:
        return f"Line {row['seq']} is not the one that was noted: the log was rewritten at or before it."
    return ""


def _digest(before: str, row: Row) -> str:
    line = msgspec.json.encode([row[column] for column in COLUMNS])
    return hashlib.sha256(before.encode() + b"\n" + line).hexdigest()
