"""Ids that sort by time, tokens nobody guesses, and one clock that can be stopped."""

import os
import threading
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from appliance import clock, ids

MOMENT = datetime(2026, 11, 23, 6, 43, 0, 123456, UTC)


def test_ids_are_uuids_of_version_7_in_the_order_they_were_made() -> None:
    made = [ids.new() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000
    assert {(uuid.UUID(text).version, uuid.UUID(text).variant) for text in made[:50]} == {(7, uuid.RFC_4122)}


def test_ids_made_by_many_threads_are_all_different() -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(ids.new() for _ in range(1000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000


def test_a_copy_of_the_process_makes_other_ids() -> None:
    ids.new()
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.write(writing, ids.new()[19:].encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() != ids.new()[19:]
    os.close(reading)
    os.close(writing)


def test_an_id_tells_when_it_was_made() -> None:
    stamp = uuid.UUID(ids.new()).int >> 80
    assert abs(stamp / 1000 - datetime.now(UTC).timestamp()) < 5


def test_a_token_has_a_prefix_and_256_bits() -> None:
    token = ids.token("ahq_")
    assert token.startswith("ahq_")
    assert len(token) == 4 + 43
    assert token != ids.token("ahq_")


def test_time_is_text_of_one_width_in_utc() -> None:
    assert clock.iso(MOMENT) == "2026-11-23T06:43:00.123456Z"
    assert clock.iso(MOMENT.replace(microsecond=0)) == "2026-11-23T06:43:00.000000Z"
    there = MOMENT.astimezone(timezone(timedelta(hours=9)))
    assert clock.iso(there) == clock.iso(MOMENT)
    assert clock.parse(clock.iso(MOMENT)) == MOMENT


def test_a_clock_moved_by_hand_passes_time_at_once_and_stays_in_its_bounds() -> None:
    assert not clock.passes(60)
    with clock.moved(MOMENT, MOMENT + timedelta(hours=1)):
        assert clock.passes(60)
        assert clock.now() == clock.steady() == MOMENT + timedelta(minutes=1)
        clock.go_on(MOMENT)
        assert clock.now() == MOMENT + timedelta(minutes=1)
        with clock.frozen(MOMENT):
            assert not clock.passes(60), "a clock that only stands is not moved"
            clock.go_on(MOMENT + timedelta(minutes=5))
            assert clock.now() == MOMENT
        clock.go_on(MOMENT + timedelta(days=1))
        assert clock.now() == MOMENT + timedelta(hours=1)
    assert not clock.passes(60)


def test_a_stopped_clock_stands_and_goes_on() -> None:
    with clock.frozen(MOMENT):
        assert clock.iso() == "2026-11-23T06:43:00.123456Z"
        assert clock.ahead(90) == "2026-11-23T06:44:30.123456Z"
        assert clock.ahead(-1) == "2026-11-23T06:42:59.123456Z"
        with clock.frozen(MOMENT + timedelta(days=1)):
            assert clock.now().day == 24
        assert clock.now().day == 23
    assert clock.now() != MOMENT


def test_a_time_without_a_zone_is_taken_as_utc() -> None:
    assert clock.parse("2026-11-23T06:43:00.123456") == MOMENT
    assert clock.seconds_between("2026-11-23T06:43:00Z", "2026-11-23T08:43:01+01:00") == 3601
    with pytest.raises(ValueError, match="Invalid isoformat"):
        clock.parse("tomorrow")
