"""Parents and sub-tasks, blockers and what waits for them."""

import pytest

from appliance.domain import awaited, blockers, lifecycle, runs, tasks, wake_rows, wakes
from appliance.domain.task_forms import NewTask, TaskChange
from appliance.domain.tasks import Task
from appliance.errors import Problem
from tests.domain.waking import Office


def family(office: Office, count: int = 2) -> tuple[Task, list[Task]]:
    """A parent of Ada's that waits in review for sub-tasks of Ben's."""
    parent = office.task("Parent", assignee="ada")
    run = office.begin()
    children = [office.task(f"Part {n}", parent_id=parent.id, assignee="ben") for n in range(count)]
    assert office.complete(run) == "in_review"
    return parent, children


def told(office: Office, parent: Task) -> list[str]:
    """How wakes because of sub-tasks ended, oldest first."""
    return [state for reason, state in office.wakes(parent) if reason == "child_ended"]


def test_the_parent_wakes_once_when_all_have_ended(office: Office) -> None:
    parent, _ = family(office)
    office.complete(office.begin())
    assert told(office, parent) == []
    office.complete(office.begin())
    assert told(office, parent) == ["run"]
    assert office.runs(parent) == ["ready", "succeeded"]


@pytest.mark.parametrize("trouble", ["needs_input", "needs_decision", "capability", "transient"])
def test_the_parent_wakes_at_once_when_one_can_not_go_on(office: Office, trouble: str) -> None:
    parent, _ = family(office)
    office.fail(office.begin(), trouble)
    assert told(office, parent) == ["run"]


def test_the_parent_wakes_at_once_when_one_is_cancelled(office: Office) -> None:
    parent, children = family(office)
    lifecycle.cancel(office.db, office.person, children[0].id)
    assert told(office, parent) == ["run"]


def test_money_and_leave_of_a_child_are_no_matter_of_its_parent(office: Office) -> None:
    parent, _ = family(office)
    office.fail(office.begin(), "budget")
    assert told(office, parent) == []


def test_what_people_keep_for_themselves_does_not_wake_the_parents_agent(office: Office) -> None:
    parent = office.task(assignee="ada")
    run = office.begin()
    own = office.task("Mine", parent_id=parent.id)
    office.complete(run)
    lifecycle.cancel(office.db, office.person, own.id)
    assert told(office, parent) == []


def test_a_parent_at_work_hears_it_when_its_run_has_ended(office: Office) -> None:
    parent = office.task(assignee="ada")
    run = office.begin()
    office.task("Part", parent_id=parent.id, assignee="ben")
    office.complete(office.begin())
    assert (told(office, parent), office.runs(parent)) == (["queued"], ["running"])
    office.fail(run)
    wakes.sweep(office.db)
    assert (told(office, parent), office.runs(parent)) == (["run"], ["ready", "failed"])


def test_back_up_is_not_deeper(office: Office) -> None:
    parent, _ = family(office, 1)
    office.complete(office.begin())
    assert runs.of_task(office.db, parent.id)[0].depth == 0


def test_mistake_07_nobody_without_children_is_promoted(office: Office) -> None:
    """`all([])` is true: a task without parent, blockers or sub-tasks must not be woken by that."""
    alone, rests = office.task(assignee="ada"), office.resting("ben")
    office.complete(office.begin())
    wakes.sweep(office.db)
    assert (office.wakes(alone), office.wakes(rests)) == ([("started", "run")], [])


@pytest.mark.parametrize(
    ("on_cancel", "state", "runs_now"),
    [("hold", "todo", []), ("release", "todo", ["ready"]), ("cancel", "cancelled", [])],
)
def test_mistake_14_a_dead_blocker_does_what_its_edge_says(
    office: Office, on_cancel: str, state: str, runs_now: list[str]
) -> None:
    first, task = office.task("First"), office.resting()
    blockers.put(office.db, office.person, task.id, first.id, on_cancel)
    lifecycle.cancel(office.db, office.person, first.id)
    assert (office.now(task).state, office.runs(task)) == (state, runs_now)


def test_mistake_14_a_blocker_that_is_dead_already_can_be_let_go(office: Office) -> None:
    first, task = office.task("First"), office.resting()
    blockers.put(office.db, office.person, task.id, first.id)
    lifecycle.cancel(office.db, office.person, first.id)
    with pytest.raises(Problem, match="Blocked by"):
        lifecycle.start(office.db, office.person, task.id)
    blockers.put(office.db, office.person, task.id, first.id, "release")
    assert office.runs(task) == ["ready"]


def test_mistake_15_a_parent_is_not_done_before_its_sub_tasks(office: Office) -> None:
    parent, children = family(office, 1)
    with pytest.raises(Problem, match="1 sub-tasks are open"):
        lifecycle.move(office.db, office.person, parent.id, "done")
    lifecycle.move(office.db, office.person, children[0].id, "done")
    assert lifecycle.move(office.db, office.person, parent.id, "done").state == "done"


def test_mistake_15_cancelling_a_parent_closes_the_tree_below_as_each_says(office: Office) -> None:
    top = office.task("Top")
    middle = office.task("Middle", parent_id=top.id)
    leaf = office.task("Leaf", parent_id=middle.id, assignee="ada")
    kept = office.task("Kept", parent_id=top.id, on_parent_close="keep", assignee="ben")
    below_kept = office.task("Below", parent_id=kept.id)
    lifecycle.cancel(office.db, office.person, top.id)
    states = [office.now(task).state for task in (top, middle, leaf, kept, below_kept)]
    assert states == ["cancelled", "cancelled", "cancelled", "todo", "backlog"]
    assert (office.runs(leaf), office.runs(kept)) == (["cancelled"], ["ready"])


def test_mistake_15_the_tree_closes_whole_or_not_at_all(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    top = office.task("Top")
    parts = [office.task(f"Part {n}", parent_id=top.id) for n in range(3)]
    real = lifecycle.put

    def failing(db: object, actor: object, task: Task, *rest: object, **more: object) -> None:
        if task.id == parts[2].id:
            raise Problem("disk_full", "The disk is full.")
        real(db, actor, task, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(lifecycle, "put", failing)
    with pytest.raises(Problem, match="disk is full"):
        lifecycle.cancel(office.db, office.person, top.id)
    assert {office.now(task).state for task in (top, *parts)} == {"backlog"}


def test_mistake_16_what_recovers_a_task_does_not_block_it(office: Office) -> None:
    """A task that repairs another stands below it: it starts, and neither waits for the other."""
    broken = office.task("Broken", assignee="ada")
    office.fail(office.begin())
    repair = office.task("Repair", parent_id=broken.id, assignee="ben")
    with pytest.raises(Problem, match="waits for"):
        blockers.put(office.db, office.person, repair.id, broken.id)
    with pytest.raises(Problem, match="own parent"):
        office.task("Another", parent_id=broken.id, blockers=[broken.id])
    assert office.begin().task_id == repair.id
    assert lifecycle.retry(office.db, office.person, broken.id).run_state == "ready"


def test_a_plan_carried_out_twice_makes_nothing_twice(office: Office) -> None:
    """Killed after 2 of 5 sub-tasks; what resumes makes 3 more."""
    parent = office.task("Plan", assignee="ada")
    for reached in (2, 5):
        for n in range(reached):
            new = NewTask(f"Part {n}", parent_id=parent.id, plan_key=f"rev1:{n}", assignee="ben")
            tasks.create(office.db, office.ada, new)
    children = tasks.children(office.db, parent.id)
    assert [child.title for child in children] == [f"Part {n}" for n in range(5)]
    assert all(len(wake_rows.of_task(office.db, child.id)) == 1 for child in children)


def test_a_plan_key_needs_a_parent_and_a_known_policy(office: Office) -> None:
    for fields in ({"plan_key": "a"}, {"on_parent_close": "explode"}):
        with pytest.raises(Problem) as caught:
            office.task(**fields)
        assert caught.value.errors.keys() == fields.keys()


def test_a_parent_whose_run_a_person_stopped_stays_stopped(office: Office) -> None:
    """Whether its sub-task ended before or after: to stop a run and to see it begin again is no stopping."""
    for ends_first in (True, False):
        parent = office.task(assignee="ada")
        run = office.begin()
        part = office.task("Part", parent_id=parent.id, assignee="ben")
        steps = [lambda at=part: lifecycle.move(office.db, office.person, at.id, "done")]
        steps.insert(1 if ends_first else 0, lambda at=run: lifecycle.cancel_run(office.db, office.person, at.id))
        for step in steps:
            step()
        with office.db.transaction():
            runs.end(office.db, run, "cancelled", "cancelled")
        wakes.sweep(office.db)
        assert office.runs(parent) == ["cancelled"]


def test_a_sub_task_that_is_given_to_a_person_no_longer_holds_up_a_parent_that_did_not_make_it(office: Office) -> None:
    parent = office.task(assignee="ada")
    run = office.begin()
    part = office.task("Part", parent_id=parent.id, assignee="ben", start=False)
    with office.db.transaction():
        runs.wait(office.db, run, "child", None, "")
    tasks.change(office.db, office.person, part.id, TaskChange(assignee="member:otto"))
    assert office.runs(parent) == ["ready"]


def test_a_part_that_a_person_takes_over_is_still_waited_for(office: Office) -> None:
    parent = office.task(assignee="ada")
    run = office.begin()
    new = NewTask("Part", parent_id=parent.id, assignee="ben", start=False)
    part = tasks.create(office.db, office.ada, new, run)
    tasks.change(office.db, office.person, part.id, TaskChange(assignee="member:otto"))
    assert awaited.news(office.db, run) is None and awaited.pending(office.db, run)
    lifecycle.move(office.db, office.person, part.id, "done")
    [known] = awaited.news(office.db, run) or []
    assert awaited.sentence(known) == f"#{part.number} Part, by a person: done."
