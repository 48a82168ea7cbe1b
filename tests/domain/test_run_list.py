"""The list of runs: newest first, filtered, in pages that stay whole while runs are added."""

import pytest

from appliance.db.database import Database
from appliance.domain import agents, records, run_list, runs, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.run_list import Listed
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.world import World


@pytest.fixture
def staffed(world: World) -> World:
    """Ten runs, by turns Mara's and Ivo's; three of them failed."""
    with world.db() as db:
        for slug in ("mara", "ivo"):
            agents.create(db, SYSTEM, NewAgent(slug, slug.title(), "Work.", "simulated"))
        for n in range(10):
            tasks.create(db, SYSTEM, NewTask(f"Number {n}", assignee=("mara", "ivo")[n % 2]))
        for run in run_list.listing(db).items[:3]:
            db.update("runs", {"id": run.id}, state="failed", failure_code="poison", finished_at=run.created_at)
    return world


def titles(found: list[Listed]) -> list[int]:
    return [int(run.task_title.removeprefix("Number ")) for run in found]


def mara(db: Database) -> str:
    return agents.get(db, "mara").id


def test_the_newest_run_comes_first_and_says_whose_it_is(staffed: World) -> None:
    with staffed.db() as db:
        found = run_list.listing(db)
        assert titles(found.items) == list(range(9, -1, -1))
        assert found.next_cursor is None
        newest = found.items[0]
        assert (newest.agent_slug, newest.task_number) == ("ivo", 10)
        assert newest.cost_nano == runs.get(db, newest.id).cost_nano == 0


@pytest.mark.parametrize(
    ("state", "of_mara", "expected"),
    [
        ("failed", False, [9, 8, 7]),
        ("failed", True, [8]),
        ("", True, [8, 6, 4, 2, 0]),
        ("ready", False, [6, 5, 4, 3, 2, 1, 0]),
        ("succeeded", True, []),
    ],
)
def test_a_filter_keeps_the_order(staffed: World, state: str, of_mara: bool, expected: list[int]) -> None:
    with staffed.db() as db:
        found = run_list.listing(db, state, mara(db) if of_mara else "")
        assert titles(found.items) == expected


def test_pages_join_without_a_gap_while_runs_are_added(staffed: World) -> None:
    with staffed.db() as db:
        seen, cursor = [], ""
        while cursor is not None:
            page = run_list.listing(db, "ready", cursor=cursor, limit=3)
            seen += titles(page.items)
            cursor = page.next_cursor
            tasks.create(db, SYSTEM, NewTask("Number 99", assignee="mara"))
        assert seen == [6, 5, 4, 3, 2, 1, 0]


def test_what_is_not_a_state_or_not_a_cursor_is_refused(world: World) -> None:
    with world.db() as db:
        with pytest.raises(Problem) as refused:
            run_list.listing(db, "sleeping")
        assert "ready" in refused.value.errors["state"]
        with pytest.raises(Problem, match="cursor"):
            run_list.listing(db, cursor=records.cursor(7))


def test_every_state_a_run_can_have_is_a_filter(world: World) -> None:
    with world.db() as db:
        assert all(run_list.listing(db, state).items == [] for state in run_list.STATES)
        assert len(run_list.STATES) == len(set(run_list.STATES)) == 9


@pytest.mark.parametrize("of_mara", [False, True])
@pytest.mark.parametrize("state", ["", "failed"])
def test_no_filter_sorts_the_whole_table(staffed: World, backend: str, state: str, of_mara: bool) -> None:
    """What keeps the list fast at a million runs; PostgreSQL plans a few rows in another way."""
    if backend != "sqlite":
        return
    with staffed.db() as db:
        given = {"state": state, "agent_id": mara(db) if of_mara else ""}
        where = " AND ".join(f"{column} = :{column}" for column, value in given.items() if value)
        sql = run_list.SELECT.format(where=f"WHERE {where}" if where else "")
        plan = [row["detail"] for row in db.rows(f"EXPLAIN QUERY PLAN {sql}", {**given, "limit": 50})]
        assert not any("TEMP B-TREE" in line for line in plan), plan
