"""People and agents at the same rows at the same time: nobody waits for ever, nothing is paid and lost."""

import threading
from collections.abc import Callable
from contextlib import suppress

from appliance.db.database import Database
from appliance.domain import budgets, comments, lifecycle, limits, tasks
from appliance.domain.budget_forms import Extra
from appliance.domain.task_forms import TaskChange
from appliance.domain.tasks import Task
from appliance.errors import Problem
from tests.engine.floor import Floor, comment, finish


class Editor(threading.Thread):
    """A person who changes tasks and writes comments until it is over; `trouble` is what was refused."""

    def __init__(self, floor: Floor, work: list[Task]) -> None:
        super().__init__()
        self.floor, self.work = floor, work
        self.over = threading.Event()
        self.trouble: list[str] = []

    def run(self) -> None:
        with self.floor.world.db() as db:
            while not self.over.is_set():
                for task in self.work:
                    self.edit(db, task)

    def edit(self, db: Database, task: Task) -> None:
        try:
            tasks.change(db, self.floor.actor, task.id, TaskChange(priority=2))
            comments.add(db, self.floor.actor, task.id, "Still there?")
        except Problem as problem:
            self.trouble.append(f"{problem.code}: {problem.detail}")


def test_editing_a_task_while_its_agent_works_harms_neither(floor: Floor) -> None:
    work = [floor.task(*(comment(f"{n}") for n in range(20)), finish(), title=f"T{t}") for t in range(4)]
    editors = [Editor(floor, work) for _ in range(2)]
    with floor.engine(workers=4):
        for editor in editors:
            editor.start()
        try:
            ended = [floor.until(task, "done", "blocked", seconds=40) for task in work]
        finally:
            for editor in editors:
                editor.over.set()
                editor.join()
    assert [trouble for editor in editors for trouble in editor.trouble] == []
    assert [task.state for task in ended] == ["done"] * 4
    for task in work:
        assert [said for said in floor.comments(task) if said != "Still there?"] == [str(n) for n in range(20)]
        assert {call.state for call in floor.ledger(task)} == {"ok"}
    assert floor.reserved() == 0


def test_starting_retrying_and_cancelling_from_many_sides_leaves_one_open_run(floor: Floor) -> None:
    task = floor.task(start=False)
    ended: list[str] = []

    def start() -> None:
        with floor.world.db() as db:
            try:
                lifecycle.start(db, floor.actor, task.id)
                ended.append("started")
            except Problem as problem:
                ended.append(problem.code)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["conflict"] * 7 + ["started"]
    assert floor.db.value("SELECT COUNT(*) AS n FROM runs") == 1


def test_what_many_people_allow_on_top_of_a_limit_adds_up(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", 10 * budgets.NANO)
    [budget] = budgets.of(floor.db, "tenant")
    together = threading.Barrier(8)

    def allow() -> None:
        with floor.world.db() as db:
            together.wait()
            limits.allow_once(db, floor.actor, budget.id, Extra("1"))

    threads = [threading.Thread(target=allow) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budgets.get(floor.db, budget.id).extra_nano == 8 * budgets.NANO


def test_a_task_that_is_started_and_given_away_at_once_is_not_both(floor: Floor) -> None:
    floor.agent("bea")
    work = [floor.task(start=False) for _ in range(12)]
    together = threading.Barrier(2)

    def each(verb: Callable[[Database, Task], object]) -> None:
        with floor.world.db() as db:
            for task in work:
                together.wait()
                with suppress(Problem):
                    verb(db, task)

    def give(db: Database, task: Task) -> None:
        tasks.change(db, floor.actor, task.id, TaskChange(assignee="bea"))

    verbs = [give, lambda db, task: lifecycle.start(db, floor.actor, task.id)]
    threads = [threading.Thread(target=each, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {floor.run(task).agent_id == floor.now(task).agent_id for task in work} == {True}
