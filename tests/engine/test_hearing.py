"""Comments reach the run that is open at its next turn; one that comes too late wakes the agent again."""

from typing import Any

from appliance.db.database import Row
from appliance.domain import comments, steps, wake_rows
from appliance.domain.checks import NewCheck
from appliance.domain.tasks import Task
from tests.engine.floor import Floor, comment, finish


def say(floor: Floor, task: Task, words: str) -> None:
    comments.add(floor.db, floor.world.otto.actor, task.id, words)


def heard(floor: Floor, task: Task) -> list[str]:
    said = steps.conversation(floor.db, floor.run(task).id, floor.world.catalogue.files(floor.tenant.id))
    return [m.content for m in said if m.role == "user" and "comments on the task" in m.content]


def after_step(floor: Floor, count: int, act: Any) -> None:
    """Do `act` once the `count`-th step of whatever runs has been committed."""
    left = [count]

    def hear(tenant: str, events: list[Row]) -> None:
        left[0] -= sum(event["kind"] == "step.done" for event in events)
        if left[0] <= 0 < left[0] + 100:
            left[0] = -1000
            act()

    floor.world.catalogue.subscribe(hear)


def commented(floor: Floor, task: Task) -> list[tuple[str, str | None]]:
    return [(w.state, w.run_id) for w in wake_rows.of_task(floor.db, task.id) if w.reason == "commented"]


def test_a_comment_during_a_run_is_read_at_its_next_turn(floor: Floor) -> None:
    task = floor.task(comment("One."), comment("Two."), finish())

    def write() -> None:
        with floor.world.db() as db:
            comments.add(db, floor.world.otto.actor, task.id, "Use the metric system.")

    after_step(floor, 2, write)
    floor.work()
    run = floor.run(task)
    assert heard(floor, task) == ["Otto comments on the task: Use the metric system."]
    assert (run.attempt, floor.now(task).state) == (1, "done")
    assert ("coalesced", run.id) in commented(floor, task)


def test_a_comment_is_read_once_however_often_the_run_is_taken_up(floor: Floor) -> None:
    task = floor.task(comment("One."), comment("Two."), finish())
    floor.die_after(2)
    say(floor, task, "Use the metric system.")
    floor.take_back()
    floor.die_after(1)
    floor.take_back()
    floor.work()
    assert heard(floor, task) == ["Otto comments on the task: Use the metric system."]
    assert floor.now(task).state == "done"
    assert floor.comments(task) == ["One.", "Use the metric system.", "Two."]


def test_a_comment_is_kept_when_the_worker_dies_before_it_recorded_it(floor: Floor) -> None:
    task = floor.task(comment("One."), finish())
    floor.die_after(2)
    say(floor, task, "Hello?")
    assert commented(floor, task) == [("queued", None), ("dropped", None)]
    floor.take_back()
    floor.work()
    assert heard(floor, task) == ["Otto comments on the task: Hello?"]


def test_a_comment_before_the_first_turn_stands_in_the_brief(floor: Floor) -> None:
    task = floor.task(finish())
    floor.claim("mortal")
    say(floor, task, "Be brief.")
    floor.take_back()
    floor.work()
    assert heard(floor, task) == []
    assert commented(floor, task) == [("coalesced", floor.run(task).id)]


def test_a_comment_on_delivered_work_is_another_run(floor: Floor) -> None:
    task = floor.done(finish("First."), checks=[NewCheck("human_ack")])
    assert floor.now(task).state == "in_review"
    say(floor, task, "Shorter, please.")
    assert floor.run(task).cause == "commented"
    floor.work()
    assert (floor.run(task).attempt, floor.now(task).state) == (2, "in_review")


def test_a_comment_on_finished_work_wakes_nobody(floor: Floor) -> None:
    task = floor.done(finish())
    say(floor, task, "Thank you!")
    assert (commented(floor, task), floor.run(task).attempt) == ([("skipped", None)], 1)
