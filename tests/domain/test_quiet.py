"""Quiet hours and summaries, by a clock on a wall: through midnight, weekends and the changes of summer time."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import decisions
from appliance.domain.notices import digests, outbox, quiet, wishes
from appliance.domain.notices.quiet import Quiet
from appliance.domain.notices.wish_forms import WishesChange
from appliance.errors import Problem
from tests.domain.telling import Room, enter
from tests.world import World

NIGHT = Quiet("22:00", "07:00")
WEEKEND = Quiet("00:00", "00:00", ["sat", "sun"])
BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "zone", "moment", "over"),
    [
        (NIGHT, "UTC", "2026-11-23T21:59", None),
        (NIGHT, "UTC", "2026-11-23T22:00", "2026-11-24T07:00"),
        (NIGHT, "UTC", "2026-11-24T06:59", "2026-11-24T07:00"),
        (NIGHT, "UTC", "2026-11-24T07:00", None),
        (NIGHT, BERLIN, "2026-11-23T21:30", "2026-11-24T06:00"),
        (Quiet("12:00", "13:00"), "UTC", "2026-11-23T12:30", "2026-11-23T13:00"),
        (Quiet("22:00", "07:00", ["fri"]), "UTC", "2026-11-28T06:00", "2026-11-28T07:00"),
        (Quiet("22:00", "07:00", ["fri"]), "UTC", "2026-11-28T23:00", None),
        (WEEKEND, "UTC", "2026-11-28T10:00", "2026-11-30T00:00"),
        (Quiet("00:00", "00:00"), "UTC", "2026-11-28T10:00", "2026-12-05T00:00"),
        # Spring: the night of 29 March 2026 has an hour less; 07:00 is 05:00 UTC, not 06:00.
        (NIGHT, BERLIN, "2026-03-28T22:00", "2026-03-29T05:00"),
        # 02:30 is not on the clock that night: it is quiet from the moment that would have been it.
        (Quiet("02:30", "04:00"), BERLIN, "2026-03-29T01:29", None),
        (Quiet("02:30", "04:00"), BERLIN, "2026-03-29T01:31", "2026-03-29T02:00"),
        # Autumn: 25 October 2026 shows 02:30 twice; it is quiet from the first to the second.
        (NIGHT, BERLIN, "2026-10-24T23:00", "2026-10-25T06:00"),
        (Quiet("02:15", "02:45"), BERLIN, "2026-10-25T00:20", "2026-10-25T01:45"),
        (Quiet("02:15", "02:45"), BERLIN, "2026-10-25T01:44", "2026-10-25T01:45"),
    ],
)
def test_when_quiet_hours_end(hours: Quiet, zone: str, moment: str, over: str | None) -> None:
    assert quiet.over_at(hours, zone, at(moment)) == (at(over) if over else None)


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ("2026-11-23T06:59", "2026-11-23T07:00"),
        ("2026-11-23T07:00", "2026-11-24T07:00"),
        ("2026-03-28T07:00", "2026-03-29T06:00"),
        ("2026-10-24T06:00", "2026-10-25T07:00"),
    ],
)
def test_a_daily_summary_keeps_its_time_on_the_wall(moment: str, due: str) -> None:
    assert quiet.next_at("08:00", BERLIN, at(moment)) == at(due)


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def room(world: World, db: Database) -> Room:
    return enter(world, db)


def night(room: Room, world: World, **more: object) -> None:
    """Alice hears of what is hers, and does not want to for the coming day."""
    quiet_now = {"starts": clock.now().strftime("%H:%M"), "ends": clock.now().strftime("%H:%M")}
    day = quiet.DAYS[clock.now().weekday()]
    room.wish(world.alice, "mine", "decisions", quiet=quiet_now | {"days": [day]}, **more)


def test_what_was_held_comes_as_one_summary(room: Room, world: World) -> None:
    night(room, world)
    asked = [room.desk.ask(step_key=f"n{n}", title=f"Letter {n}") for n in range(3)]
    room.read()
    assert {one.state for one in room.notices(world.alice)} == {"held"}
    assert (outbox.due(room.db), digests.fold(room.db)) == ([], 0)
    decisions.decide(room.db, world.otto.actor, asked[1].id, "reject")
    with clock.frozen(clock.parse(room.notices(world.alice)[0].due_at)):
        assert digests.fold(room.db) == 2
        [summary] = outbox.due(room.db)
    assert summary.content.title == "2 things happened during your quiet hours"
    assert [line.title for line in summary.content.lines] == ["Letter 0", "Letter 2"]
    assert [one.state for one in room.notices(world.alice)] == ["folded", "dropped", "folded", "queued"]
    assert {one.digest_id for one in room.notices(world.alice) if one.state == "folded"} == {summary.id}


def test_a_single_one_comes_as_itself(room: Room, world: World) -> None:
    night(room, world)
    room.desk.ask()
    room.read()
    with clock.frozen(clock.parse(room.notices(world.alice)[0].due_at)):
        assert digests.fold(room.db) == 1
        assert [one.content.title for one in outbox.due(room.db)] == ["Send the letter"]


def test_what_is_urgent_passes_when_the_person_says_so(room: Room, world: World) -> None:
    night(room, world, urgent=True)
    room.desk.ask()
    room.desk.ask(step_key="other", assigned_to=world.otto.actor.label, title="Not hers")
    room.read()
    assert [(one.content.title, one.state) for one in room.notices(world.alice)] == [
        ("Send the letter", "queued"),
        ("Not hers", "held"),
    ]


def test_a_daily_summary_says_what_waits_once_a_day(room: Room, world: World) -> None:
    room.wish(world.otto, "digest")
    room.wish(world.alice)
    for n in range(2):
        room.desk.ask(step_key=f"n{n}", title=f"Letter {n}")
    assert digests.daily(room.db, room.people, True) == 0
    due = clock.parse(str(room.db.value("SELECT digest_due FROM notice_wishes WHERE digest_due IS NOT NULL")))
    with clock.frozen(due):
        assert [digests.daily(room.db, room.people, True) for _ in range(2)] == [1, 0]
        [summary] = outbox.due(room.db)
    assert (summary.member, summary.content.title) == (world.otto.member.id, "2 things wait for a decision")
    assert [(line.title, line.kind) for line in summary.content.lines] == [
        ("Letter 1", "action"),
        ("Letter 0", "action"),
    ]


def test_nobody_gets_an_empty_summary(room: Room, world: World) -> None:
    room.wish(world.otto, "digest")
    due = clock.parse(str(room.db.value("SELECT digest_due FROM notice_wishes WHERE digest_due IS NOT NULL")))
    with clock.frozen(due):
        assert digests.daily(room.db, room.people, True) == 0
    after = clock.parse(str(room.db.value("SELECT digest_due FROM notice_wishes WHERE digest_due IS NOT NULL")))
    assert after > due


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (WishesChange(quiet=Quiet("7", "08:00")), "starts"),
        (WishesChange(quiet=Quiet("07:00", "25:00")), "ends"),
        (WishesChange(quiet=Quiet(days=["funday"])), "days"),
        (WishesChange(quiet=Quiet(days=[])), "days"),
        (WishesChange(zone="Mars/Base"), "zone"),
        (WishesChange(digest_at="morning"), "digest_at"),
        (WishesChange(kinds={"gossip": ["email"]}), "kinds"),
        (WishesChange(kinds={"mine": ["pager"]}), "kinds"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_with_its_field(
    world: World, db: Database, change: WishesChange, field: str
) -> None:
    with pytest.raises(Problem) as refused:
        wishes.change(db, world.otto.actor, world.otto.member, change)
    assert list(refused.value.errors) == [field]


def test_what_a_role_hears_of_until_somebody_says_otherwise(world: World, db: Database) -> None:
    heard = {who.member.role: sorted(wishes.of(db, who.member).kinds) for who in (world.alice, world.otto, world.bob)}
    assert heard == {"owner": ["budget", "failures", "mine"], "operator": ["mine"], "viewer": []}
    changed = wishes.change(db, world.bob.actor, world.bob.member, WishesChange(digest_at="09:30"))
    assert (changed.digest_at, changed.kinds["mine"]) == ("09:30", [])
