"""Tasks: what can be asked for, what is refused, and what a change keeps."""

from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain import agents, budgets, comments, runs, task_tree, tasks
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.agent_forms import NewAgent
from appliance.domain.checks import NewCheck
from appliance.domain.task_forms import NewTask, TaskChange
from appliance.domain.tasks import Task
from appliance.errors import Problem
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        agents.create(db, SYSTEM, NewAgent("ada", "Ada", "Work.", "simulated"))
        yield db


@pytest.fixture
def otto(world: World) -> Actor:
    return world.otto.actor


def make(db: Database, otto: Actor, **fields: object) -> Task:
    return tasks.create(db, otto, NewTask(**{"title": "T", **fields}))  # type: ignore[arg-type]


def faults(act: object, *args: object) -> dict[str, str]:
    with pytest.raises(Problem) as caught:
        act(*args)  # type: ignore[operator]
    assert caught.value.code == "invalid"
    return caught.value.errors


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"body": "x" * 1_000_001}, "body"),
        ({"priority": 4}, "priority"),
        ({"priority": -1}, "priority"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"assignee": "nobody"}, "assignee"),
        ({"start": True}, "start"),
        ({"labels": ["x" * 41]}, "labels"),
        ({"labels": [f"l{n}" for n in range(21)]}, "labels"),
        ({"budget_usd": "lots"}, "budget_usd"),
        ({"budget_usd": "-1"}, "budget_usd"),
        ({"checks": [NewCheck("none")]}, "checks[1]"),
    ],
)
def test_a_task_that_cannot_be_is_refused_by_field_and_leaves_nothing(
    db: Database, otto: Actor, fields: dict[str, object], field: str
) -> None:
    assert list(faults(tasks.create, db, otto, NewTask(**{"title": "T", **fields}))) == [field]  # type: ignore[arg-type]
    assert db.value("SELECT COUNT(*) AS n FROM tasks") == 0
    assert make(db, otto).number == 1


def test_numbers_count_up_without_gaps(db: Database, otto: Actor) -> None:
    assert [make(db, otto).number for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("fields", "state", "starts"),
    [
        ({}, "backlog", False),
        ({"assignee": "member:m1"}, "todo", False),
        ({"assignee": "ada"}, "todo", True),
        ({"assignee": "ada", "start": False}, "todo", False),
    ],
)
def test_where_a_new_task_stands(
    db: Database, otto: Actor, fields: dict[str, object], state: str, starts: bool
) -> None:
    task = make(db, otto, **fields)
    assert (task.state, task.run_id is not None) == (state, starts)


def test_a_blocked_task_does_not_start(db: Database, otto: Actor) -> None:
    first = make(db, otto)
    assert make(db, otto, assignee="ada", blockers=[str(first.number)]).run_id is None


@pytest.mark.parametrize("ref", ["0", "999", "-1", "1.0", "١", "x", "", "9" * 30, "' OR 1=1 --"])
def test_a_reference_to_nothing_is_not_found(db: Database, otto: Actor, ref: str) -> None:
    make(db, otto)
    with pytest.raises(Problem) as caught:
        tasks.get(db, ref)
    assert caught.value.code == "not_found"


def test_a_task_is_found_by_id_and_by_number(db: Database, otto: Actor) -> None:
    task = make(db, otto)
    assert tasks.get(db, "1") == tasks.get(db, task.id) == task


def test_a_change_changes_only_what_is_given(db: Database, otto: Actor) -> None:
    task = make(db, otto, body="B", labels=["a"], priority=2)
    changed = tasks.change(db, otto, task.id, TaskChange(title="New", labels=["b", "b ", "c"]))
    assert (changed.title, changed.body, changed.labels, changed.priority) == ("New", "B", ["b", "c"], 2)
    assert list(faults(tasks.change, db, otto, task.id, TaskChange(title=""))) == ["title"]


def test_the_assignee_of_running_work_stays(db: Database, otto: Actor) -> None:
    agents.create(db, SYSTEM, NewAgent("ben", "Ben", "Work.", "simulated"))
    task = make(db, otto, assignee="ada")
    with pytest.raises(Problem, match="Cancel its run first"):
        tasks.change(db, otto, task.id, TaskChange(assignee="ben"))
    assert tasks.change(db, otto, task.id, TaskChange(assignee="ada")).agent_slug == "ada"


def test_a_budget_of_a_task_is_set_and_removed(db: Database, otto: Actor) -> None:
    task = make(db, otto, budget_usd="1.5")
    assert [b.limit_nano for b in budgets.of(db, "task", task.id)] == [1_500_000_000]
    tasks.change(db, otto, task.id, TaskChange(budget_usd=None))
    assert budgets.of(db, "task", task.id) == []


def test_a_tree_adds_up(db: Database, otto: Actor) -> None:
    root = make(db, otto, title="Root")
    child = make(db, otto, title="Child", parent_id=root.id)
    make(db, otto, title="Leaf", parent_id=child.id)
    db.execute("UPDATE tasks SET cost_nano = number")
    tree = task_tree.of(db, root.id)
    assert (tree.cost_nano, tree.children[0].cost_nano) == (6, 5)
    assert [below.task.title for below in tree.children[0].children] == ["Leaf"]


def test_checks_are_added_while_the_task_is_open(db: Database, otto: Actor) -> None:
    task = make(db, otto, checks=[NewCheck("contains", {"text": "a"})])
    added = tasks.add_checks(db, otto, task.id, [NewCheck("contains", {"text": "b"})])
    assert [(check.ord, check.spec["text"]) for check in added] == [(1, "a"), (2, "b")]
    db.execute("UPDATE tasks SET state = 'done'")
    with pytest.raises(Problem, match="Reopen it first"):
        tasks.add_checks(db, otto, task.id, [])


def test_a_run_keeps_priority_and_revision_of_its_start(db: Database, otto: Actor) -> None:
    task = make(db, otto, assignee="ada", priority=3)
    [run] = runs.of_task(db, task.id)
    assert (run.priority, run.agent_revision, run.attempt, run.retry_of, run.chain) == (3, 1, 1, None, run.id)


@pytest.mark.parametrize("body", ["", "  \n ", "x" * 20_001])
def test_a_comment_needs_words_and_has_a_limit(db: Database, otto: Actor, body: str) -> None:
    task = make(db, otto)
    assert list(faults(comments.add, db, otto, task.id, body)) == ["body"]


def test_comments_are_told_in_order_with_who_said_them(db: Database, otto: Actor) -> None:
    task = make(db, otto)
    ada = Actor("agent", "a1", "Ada", "operator")
    for actor, body in ((otto, "First"), (ada, " Second ")):
        comments.add(db, actor, task.id, body)
    said = comments.of_task(db, task.id)
    assert [(c.author_kind, c.author_name, c.body) for c in said] == [
        ("member", "Otto", "First"),
        ("agent", "Ada", "Second"),
    ]


def test_a_viewer_makes_and_changes_nothing(db: Database, otto: Actor, world: World) -> None:
    task = make(db, otto)
    for act, arg in ((tasks.create, NewTask("T")), (tasks.change, task.id)):
        with pytest.raises(Problem) as caught:
            act(db, world.bob.actor, *([arg] if act is tasks.create else [arg, TaskChange(title="X")]))  # type: ignore[operator]
        assert caught.value.code == "forbidden"


def test_another_tenant_sees_none_of_it(db: Database, otto: Actor, world: World) -> None:
    task = make(db, otto)
    with world.db(world.globex) as theirs, pytest.raises(Problem) as caught:
        tasks.get(theirs, task.id)
    assert caught.value.code == "not_found"
