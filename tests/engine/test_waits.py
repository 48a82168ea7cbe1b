"""Runs that wait for time, for a signal or for a person hold no worker, and lose nothing to a restart."""

from datetime import timedelta
from typing import Any

import pytest

from appliance import clock
from appliance.domain import approvals, claims, decisions, hooks, runs, signals
from appliance.domain.approvals import Ask
from appliance.domain.hook_forms import NewTaskHook
from appliance.domain.tasks import Task
from appliance.engine.work import Work
from appliance.errors import Problem
from tests.domain import asking
from tests.engine.floor import Floor
from tests.engine.programs import program, states

PAYLOAD = {"tool": "mail.send", "arguments": {"to": "bob"}, "target": "bob"}


def send(floor: Floor, task: Task, name: str, payload: Any = None, idem: str = "") -> None:
    signals.send(floor.db, floor.actor, floor.run(task).id, name, payload, idem)


def sleeper(work: Work) -> str:
    began = work.step("began", lambda key: clock.iso())
    work.sleep("nap", 60)
    return began


def listener(work: Work) -> str:
    return f"{work.signal('go')} then {work.signal('go')}"


def patient(work: Work) -> str:
    return str(work.signal("go", 60))


def asker(work: Work) -> str:
    found = work.approval("may I", Ask("action", "May I?", payload=PAYLOAD, expires_s=3600))
    return f"{found.state} {found.note}".strip()


def test_a_timer_frees_the_worker_and_goes_on_when_it_is_over(floor: Floor) -> None:
    with program(floor, sleeper) as made:
        task = made.done()
        assert floor.outcome(task) == ("waiting", "timer", "in_progress")
        with floor.later(59):
            floor.work()
            assert floor.run(task).state == "waiting"
        with floor.later(61):
            floor.work()
        assert floor.outcome(task) == ("succeeded", "", "done")
    assert states(floor.steps(task)) == [("began", "done"), ("nap", "done")]


def test_a_timer_counts_from_when_it_was_reached_however_often_the_run_is_taken_up(floor: Floor) -> None:
    with program(floor, sleeper) as made:
        task = made.done()
        with floor.db.transaction():
            runs.wake(floor.db, floor.run(task).id)
        before = floor.run(task).fence
        floor.work()
        assert floor.run(task).fence == before + 1
        with floor.later(61):
            floor.work()
        assert floor.now(task).state == "done"


def test_timers_that_came_due_while_the_box_was_down_fire_in_their_order(floor: Floor) -> None:
    order: list[str] = []

    def act(work: Work) -> str:
        work.sleep("nap", 100 - 10 * work.journal.run.priority)
        order.append(str(work.journal.run.priority))
        return ""

    with program(floor, act) as made:
        for priority in (0, 1, 2, 3):
            made.task(priority=priority)
        floor.work()
        floor.db.execute("UPDATE runs SET priority = 0")
        with clock.frozen(clock.now() + timedelta(days=3)):
            floor.sweeper.recover()
            floor.sweeper.sweep()
            floor.work()
    assert len(order) == 4


def test_a_wait_of_ten_years_is_one_row(floor: Floor) -> None:
    with program(floor, lambda work: work.sleep("long", 10 * 365 * 86_400)) as made:
        task = made.done()
    assert floor.run(task).ready_at > clock.ahead(9.9 * 365 * 86_400)


def test_a_signal_sent_before_the_wait_is_kept_for_it(floor: Floor) -> None:
    with program(floor, listener) as made:
        task = made.task()
        send(floor, task, "go", "first")
        floor.work()
        assert floor.outcome(task) == ("waiting", "signal", "in_progress")
        send(floor, task, "other", "not this")
        assert floor.run(task).state == "waiting"
        send(floor, task, "go", "second")
        floor.work()
    assert floor.now(task).result == "first then second"


def test_the_same_signal_twice_counts_once(floor: Floor) -> None:
    with program(floor, listener) as made:
        task = made.task()
        for _ in range(3):
            send(floor, task, "go", "once", "k1")
        floor.work()
        assert floor.outcome(task) == ("waiting", "signal", "in_progress")


def test_a_wait_for_a_signal_may_have_an_end(floor: Floor) -> None:
    with program(floor, patient) as made:
        task = made.done()
        with floor.later(61):
            floor.work()
    assert floor.now(task).result == "None"


def test_a_signal_to_a_run_that_has_ended_is_refused(floor: Floor) -> None:
    with program(floor, lambda work: "x") as made:
        task = made.done()
    with pytest.raises(Problem) as refused:
        send(floor, task, "go")
    assert refused.value.code == "run_ended"


@pytest.mark.parametrize(
    ("verdict", "note", "result"),
    [
        ("approve", "", "approved"),
        ("reject", "No.", "rejected No."),
        ("request_changes", "Do.", "changes_requested Do."),
    ],
)
def test_a_run_goes_on_with_what_a_person_decided(floor: Floor, verdict: str, note: str, result: str) -> None:
    with program(floor, asker) as made:
        task = made.done()
        assert floor.outcome(task) == ("waiting", "approval", "blocked")
        [asked] = approvals.of_run(floor.db, floor.run(task).id)
        decisions.decide(floor.db, floor.actor, asked.id, verdict, note)
        floor.work()
    assert floor.now(task).result == result


def test_nobody_decides_in_time(floor: Floor) -> None:
    with program(floor, asker) as made:
        task = made.done()
        asking.age(floor.db, 3601)
        floor.sweeper.sweep()
        floor.work()
    assert floor.now(task).result == "expired"


def test_a_waiting_run_is_no_lost_run(floor: Floor) -> None:
    with program(floor, listener) as made:
        task = made.done()
        with floor.later(86_400):
            floor.sweeper.recover()
            assert not claims.has_ready(floor.db)
        assert floor.run(task).state == "waiting"


def test_a_cancelled_run_takes_its_question_back(floor: Floor) -> None:
    with program(floor, asker) as made:
        task = made.done()
        floor.cancel(task)
    [asked] = approvals.of_run(floor.db, floor.run(task).id)
    assert asked.state == "withdrawn"


def test_a_run_that_takes_longer_than_its_limit_is_timed_out(floor: Floor) -> None:
    with program(floor, listener) as made:
        task = made.done(time_limit_s=600)
        with floor.later(601):
            assert floor.outcome(task) == ("timed_out", "deadline", "blocked")
        with pytest.raises(Problem, match="ended"):
            send(floor, task, "go")


def test_a_run_over_its_limit_stops_at_its_next_step(floor: Floor) -> None:
    def act(work: Work) -> str:
        with floor.later(601):
            work.step("late", lambda key: "x")
        return "too late"

    with program(floor, act) as made:
        task = made.done(time_limit_s=600)
    assert floor.outcome(task) == ("timed_out", "deadline", "blocked")


def test_a_run_goes_on_when_a_program_outside_posts_to_its_hook(floor: Floor) -> None:
    with program(floor, listener) as made, floor.world.control() as control:
        task = made.done()
        assert floor.outcome(task) == ("waiting", "signal", "in_progress")
        new = NewTaskHook("go").of(task.id)
        with floor.world.db(floor.tenant) as db:
            issued = hooks.create(control, db, floor.world.vault, floor.actor, new, "http://box.test")
        outside = floor.world.stranger
        for delivery in ("first", "first", "second"):
            assert outside.post(issued.url, content=delivery, headers={"webhook-id": delivery}).json()["accepted"]
        floor.work()
        assert floor.outcome(task) == ("succeeded", "", "done")
        assert floor.now(task).result == "{'text': 'first'} then {'text': 'second'}"
        refused = outside.post(issued.url, content="third").json()
    assert refused == {"accepted": False, "reason": "The task is done."}
