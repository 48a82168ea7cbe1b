"""Schedules by the engine: the leader ticks, each schedule by itself, and a time is run once whoever looks."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import restored, tasks
from appliance.domain.schedules import firing, reckoning, rows, targets, verbs
from appliance.domain.schedules.forms import NewSchedule, StartTask
from appliance.domain.schedules.rows import Schedule
from appliance.engine import ticking
from appliance.engine.ticking import Ticking
from appliance.errors import Problem
from tests.engine.floor import Floor, finish
from tests.waiting import until

NOON = clock.parse("2027-01-04T12:00:00Z")


def hourly(floor: Floor, slug: str, **given: object) -> Schedule:
    fields = {"cron": "0 * * * *", "task": StartTask(slug)} | given
    return verbs.add(floor.db, floor.actor, NewSchedule(slug, **fields))  # type: ignore[arg-type]


def made(db: Database) -> list[str]:
    return [row["title"] for row in db.rows("SELECT title FROM tasks ORDER BY title")]


def test_a_schedule_fires_by_itself_and_its_task_is_worked_on(floor: Floor) -> None:
    task = StartTask("Look", finish("Looked."), "ada")
    found = hourly(floor, "look", cron="", every="1s", task=task, remaining=1)
    with floor.engine():
        tick = until(lambda: [t for t in rows.ticks(floor.db, found.id).items if t.state == "succeeded"], 20)[0]
    assert tick.started_at and clock.seconds_between(tick.due_at, tick.started_at) < 5, (
        "python -m tests.bench schedules holds it to 1"
    )
    assert tasks.get(floor.db, tick.task_id or "").result == "Looked."
    assert rows.get(floor.db, found.id).state == "ended"


@pytest.mark.parametrize("trouble", [KeyError("a bug"), Problem("unavailable", "busy"), ValueError("no such day")])
def test_mistake_19_one_broken_schedule_skips_no_other(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    due = reckoning.due

    def broken(found: Schedule, now: datetime) -> reckoning.Due:
        if found.slug == "bb":
            raise trouble
        return due(found, now)

    with clock.frozen(NOON):
        for slug in ("aa", "bb", "cc"):
            hourly(floor, slug)
    with clock.frozen(NOON + timedelta(hours=1)):
        with monkeypatch.context() as patch:
            patch.setattr(reckoning, "due", broken)
            floor.sweeper.tick()
            floor.sweeper.tick()
        assert made(floor.db) == ["aa", "cc"]
        assert rows.ticks(floor.db, rows.get(floor.db, "bb").id).items == [], "its time is kept for later"
        Ticking().tick(floor.db)
        assert made(floor.db) == ["aa", "bb", "cc"]


def test_a_schedule_that_trips_over_a_bug_is_let_alone_for_a_minute(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def broken(*_: object) -> targets.Started:
        tried.append(1)
        raise KeyError("a bug")

    monkeypatch.setattr(targets, "start", broken)
    with clock.frozen(NOON):
        hourly(floor, "bb")
    with clock.frozen(NOON + timedelta(hours=1)):
        beat = Ticking()
        for _ in range(3):
            beat.tick(floor.db)
        assert len(tried) == 1
        now = clock.monotonic()
        monkeypatch.setattr(clock, "monotonic", lambda: now + ticking.ASIDE_S + 1)
        beat.tick(floor.db)
        assert len(tried) == 2


def test_a_broken_tenant_holds_up_no_schedule_of_another(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    due = firing.due

    def broken(db: Database) -> list[str]:
        if db.name == floor.world.globex.id:
            raise KeyError("a bug")
        return due(db)

    monkeypatch.setattr(firing, "due", broken)
    with clock.frozen(NOON):
        hourly(floor, "aa")
    with clock.frozen(NOON + timedelta(hours=1)):
        floor.sweeper.tick()
    assert made(floor.db) == ["aa"]


def test_two_schedulers_fire_a_tick_once(floor: Floor) -> None:
    """Both think they lead; each looks at the same schedules at the same moment."""
    with clock.frozen(NOON):
        found = [hourly(floor, f"s-{n}", overlap="allow_all") for n in range(12)]
    together = threading.Barrier(4, timeout=20)

    def look(_: int) -> None:
        with floor.world.db() as db:
            for _ in range(3):
                together.wait()
                Ticking().tick(db)

    with clock.frozen(NOON + timedelta(hours=2)), ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(4)))
    for one in found:
        ticks = rows.ticks(floor.db, one.id).items
        assert [tick.due_at[11:13] for tick in ticks if tick.state == "started"] == ["14", "13"]
    assert len(made(floor.db)) == 24


def test_a_person_and_the_clock_start_at_most_one_under_skip(floor: Floor) -> None:
    with clock.frozen(NOON):
        found = hourly(floor, "one")
    together = threading.Barrier(4, timeout=20)
    acts: list[Callable[[Database], object]] = [lambda db: Ticking().tick(db)] * 2
    acts += [lambda db: verbs.run_now(db, floor.actor, "one")] * 2

    def act(one: Callable[[Database], object]) -> None:
        with floor.world.db() as db:
            together.wait()
            one(db)

    with clock.frozen(NOON + timedelta(hours=1)), ThreadPoolExecutor(4) as pool:
        list(pool.map(act, acts))
        Ticking().tick(floor.db)
    assert [tick.state for tick in rows.ticks(floor.db, found.id).items].count("started") == 1
    assert made(floor.db) == ["one"]


def test_a_restored_box_fires_nothing_until_somebody_says_so(floor: Floor) -> None:
    hourly(floor, "look", cron="", every="1s")
    restored.after_restore(floor.db)
    with floor.engine(hears=False):
        task = floor.task(finish())
        floor.until(task, "done")
        assert made(floor.db) == ["Do it"]
        assert verbs.resume_restored(floor.db, floor.actor) == 1
        until(lambda: "look" in made(floor.db), 10)


def test_only_the_leader_ticks(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.frozen(NOON):
        hourly(floor, "one")
    monkeypatch.setattr(floor.sweeper._leader, "leads", lambda: False)
    with clock.frozen(NOON + timedelta(hours=1)):
        floor.sweeper.tick()
    assert made(floor.db) == []
