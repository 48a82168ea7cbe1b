"""Schedules that are due in the same second share statements, and nobody can tell from what they made."""

from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain.checks import NewCheck
from appliance.domain.schedules import firing, rows, together, verbs
from appliance.domain.schedules.forms import NewSchedule, StartTask
from appliance.errors import Problem
from tests.domain.scheduling import NOON, Calendar

DUE = clock.parse(NOON) + timedelta(hours=1)
CHECK = NewCheck("file_exists", {"path": "report.md"})
TASKS = {
    "nobody": StartTask("Look"),
    "agent": StartTask("Look", "All of it.", "ada", 3, [CHECK], [" b ", "a"], time_limit_s=60),
    "member": StartTask("Look", assignee="member:m1"),
}
# What differs between any two tasks.
OWN = ("id", "number", "title", "task_id", "run_id", "chain", "schedule_id", "seq", "hash", "cause_event", "created_by")


def same(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in OWN and not name.endswith("_at")}


def made_by(db: Database, slug: str) -> list[Row]:
    """Everything that is there because the schedule fired."""
    found = rows.get(db, slug)
    [tick] = db.rows("SELECT * FROM ticks WHERE schedule_id = :id", {"id": found.id})
    given = {"id": tick["task_id"]}
    kept = [same(tick), {"next": found.next_due, "fires": found.fire_at, "state": found.state}]
    for table in ("checks", "runs", "wakes"):
        kept += [same(row) for row in db.rows(f"SELECT * FROM {table} WHERE task_id = :id", given)]
    for row in db.rows("SELECT * FROM wakes WHERE task_id = :id", given):
        assert (row["chain"], row["state"], row["settled_at"] is not None) == (row["run_id"], "run", True)
    kept += [same(row) for row in db.rows("SELECT * FROM tasks WHERE id = :id", given)]
    lines = db.rows("SELECT kind, actor FROM events WHERE task_id = :id ORDER BY seq", given)
    assert {line["actor"] for line in lines} == {found.actor.label}
    return [one | {"causes": ""} if "causes" in one else one for one in kept] + [{"kind": one["kind"]} for one in lines]


@pytest.mark.parametrize("name", TASKS)
def test_what_a_schedule_makes_with_others_is_what_it_makes_alone(calendar: Calendar, name: str) -> None:
    with clock.frozen(clock.parse(NOON)):
        for slug in ("one", "two", "three"):
            calendar.add(slug, task=TASKS[name])
    with clock.frozen(DUE):
        ids = [rows.get(calendar.db, slug).id for slug in ("one", "two", "three")]
        assert together.fire(calendar.db, ids[:2]) == []
        assert firing.fire(calendar.db, ids[2]) == 1
        assert together.fire(calendar.db, ids) == ids, "none is due again"
    first, second, alone = (made_by(calendar.db, slug) for slug in ("one", "two", "three"))
    assert first == second == alone


def test_what_is_not_plain_is_left_as_it_is(calendar: Calendar) -> None:
    db = calendar.db
    given = {
        "plain": {},
        "paid": {"task": StartTask("Look", assignee="ada", budget_usd="1")},
        "counted": {"remaining": 3},
        "busy": {},
        "missed": {"every": "1m", "cron": ""},
    }
    with clock.frozen(clock.parse(NOON)):
        for slug, fields in given.items():
            calendar.add(slug, **fields)
        verbs.run_now(db, calendar.person, "busy")
        verbs.pause(db, calendar.person, calendar.add("paused").id)
    with clock.frozen(DUE):
        ids = {rows.get(db, slug).id: slug for slug in (*given, "paused")}
        left = together.fire(db, list(ids))
    assert [ids[one] for one in left] == ["paid", "counted", "busy", "missed", "paused"]
    assert db.value("SELECT COUNT(*) AS n FROM ticks WHERE kind = 'calendar'") == 1


def test_one_that_can_not_be_made_lets_nothing_of_the_others_happen(calendar: Calendar) -> None:
    with clock.frozen(clock.parse(NOON)):
        ids = [calendar.add("one").id, calendar.add("two", assignee="ada").id]
    calendar.db.update("agents", {"slug": "ada"}, deleted_at=NOON)
    with clock.frozen(DUE):
        with pytest.raises(Problem):
            together.fire(calendar.db, ids)
        assert calendar.db.value("SELECT COUNT(*) AS n FROM ticks") == 0
        calendar.tick()
    states = [calendar.ticks(rows.get(calendar.db, slug))[0].state for slug in ("one", "two")]
    assert states == ["started", "failed"]


def test_a_time_that_comes_again_at_once_is_not_lost(calendar: Calendar) -> None:
    with clock.frozen(clock.parse(NOON)):
        verbs.add(
            calendar.db, calendar.person, NewSchedule("often", every="1s", task=StartTask("x"), overlap="allow_all")
        )
        calendar.add("other")
    with clock.frozen(clock.parse(NOON) + timedelta(seconds=3)):
        calendar.tick()
    assert len(calendar.ticks(rows.get(calendar.db, "often"))) == 3
