"""The log tells when a line of it was changed, dropped or put in, and needs no key for that."""

from collections.abc import Iterator

import pytest

from appliance import redaction
from appliance.db.database import Database
from appliance.domain import chain, events
from appliance.domain.actor import SYSTEM
from appliance.domain.chain import Head
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    """A log of 30 lines more, some of them written by the batch."""
    with world.db() as opened:
        with opened.transaction():
            for n in range(10):
                events.record(opened, SYSTEM, "task.created", n=n)
            events.record_all(opened, SYSTEM, "run.started", [{"run_id": f"r{n}"} for n in range(20)])
        yield opened


def head(db: Database) -> Head:
    seq, _, digest = chain.verify(db).head.partition(":")
    return Head(int(seq), digest)


def test_a_log_as_it_was_written_is_sound(db: Database) -> None:
    proof = chain.verify(db)
    assert (proof.bad, proof.lines, proof.before) == (None, events.last(db), 0)
    assert chain.verify(db, head(db)).bad is None


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE events SET actor = 'member:somebody' WHERE seq = :seq",
        "UPDATE events SET data = '{}' WHERE seq = :seq",
        "UPDATE events SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = :seq",
        "UPDATE events SET hash = '' WHERE seq = :seq",
        "DELETE FROM events WHERE seq = :seq",
    ],
)
def test_the_first_line_that_was_tampered_with_is_named(db: Database, harm: str) -> None:
    seq = events.last(db) - 25
    db.execute(harm, {"seq": seq})
    proof = chain.verify(db)
    assert (proof.bad, proof.lines) == (seq, seq - 1)


def test_a_log_whose_end_was_cut_off_is_found_by_the_head_noted_before(db: Database) -> None:
    noted = head(db)
    db.execute("DELETE FROM events WHERE seq > :seq", {"seq": noted.seq - 3})
    assert chain.verify(db).bad is None
    assert chain.verify(db, noted).bad == noted.seq - 2


def test_mistake_34_a_log_rewritten_as_a_whole_is_found_without_a_key_beside_it(db: Database, world: World) -> None:
    noted = head(db)
    rows = db.rows("SELECT * FROM events ORDER BY seq")
    rows[0]["actor"] = "member:somebody"
    with db.transaction():
        db.execute("DELETE FROM events")
        db.update("counters", {"name": "event"}, value=0)
        # What a thief of the whole machine can do: everything that the program can.
        chain.append(db, [{column: row[column] for column in chain.COLUMNS} for row in rows])
    assert chain.verify(db).bad is None
    proof = chain.verify(db, noted)
    assert (proof.bad, "was rewritten" in proof.fault) == (noted.seq, True)
    keys = [path for path in world.catalogue.folder.rglob("*") if "key" in path.name or "audit" in path.name]
    assert keys == []


def test_lines_from_before_the_chain_are_counted_and_left_alone(db: Database) -> None:
    db.execute("UPDATE events SET hash = ''")
    with db.transaction():
        events.record(db, SYSTEM, "task.created")
    proof = chain.verify(db)
    assert (proof.bad, proof.before) == (None, proof.lines - 1)


def test_a_line_from_which_a_secret_was_taken_is_sound(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_spellings", {})
    redaction.remember("sk-1234567890abcdef", db.name)
    with db.transaction():
        events.record(db, SYSTEM, "task.created", said="it is sk-1234567890abcdef")
    assert chain.verify(db).bad is None
    assert "sk-1234567890abcdef" not in events.recent(db, 1)[0].data["said"]
