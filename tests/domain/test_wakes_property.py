"""Whatever happens in whatever order: never two open runs of one task, and every wake comes to an end."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance import clock
from appliance.domain import claims, comments, lifecycle, tasks, wake_rows, wakes
from appliance.domain.task_forms import TaskChange
from appliance.domain.tasks import Task
from appliance.errors import Problem
from tests.domain.waking import Office

ENDS = {"run", "dropped", "coalesced", "skipped", "tripped"}
TASKS = 3


def _finish(office: Office, task: Task, ends: Callable[[object], object]) -> None:
    for run in claims.claim(office.db, "w", 30):
        ends(run)


ACTS: dict[str, Callable[[Office, Task], object]] = {
    "start": lambda o, t: lifecycle.start(o.db, o.person, t.id),
    "retry": lambda o, t: lifecycle.retry(o.db, o.person, t.id),
    "cancel": lambda o, t: lifecycle.cancel(o.db, o.person, t.id),
    "reopen": lambda o, t: lifecycle.reopen(o.db, o.person, t.id),
    "backlog": lambda o, t: lifecycle.move(o.db, o.person, t.id, "backlog"),
    "todo": lambda o, t: lifecycle.move(o.db, o.person, t.id, "todo"),
    "comment": lambda o, t: comments.add(o.db, o.person, t.id, "Hm."),
    "own comment": lambda o, t: comments.add(o.db, o.ada, t.id, "Hm."),
    "woken": lambda o, t: o.wake(t),
    "woken later": lambda o, t: o.wake(t, "unblocked", not_before=clock.ahead(30)),
    "to ben": lambda o, t: tasks.change(o.db, o.person, t.id, TaskChange(assignee="ben")),
    "to ada": lambda o, t: tasks.change(o.db, o.person, t.id, TaskChange(assignee="ada")),
    "succeed": lambda o, t: _finish(o, t, o.complete),  # type: ignore[arg-type]
    "fail": lambda o, t: _finish(o, t, o.fail),  # type: ignore[arg-type]
    "crash": lambda o, t: _finish(o, t, lambda _: claims.release(o.db, "lease_owner = :owner", {"owner": "w"})),
    "sweep": lambda o, t: wakes.sweep(o.db),
}
MOVES = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, TASKS - 1)), min_size=5, max_size=40)


def holds(office: Office) -> None:
    twice = office.db.rows(
        """SELECT task_id FROM runs WHERE state IN ('ready', 'running', 'waiting', 'parked')
          GROUP BY task_id HAVING COUNT(*) > 1"""
    )
    queued = office.db.rows(
        "SELECT task_id FROM wakes WHERE state = 'queued' GROUP BY agent_id, task_id HAVING COUNT(*) > 1"
    )
    assert (twice, queued) == ([], [])
    assert office.counted().keys() <= ENDS | {"queued"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_no_order_of_events_makes_two_runs_or_leaves_a_wake(office: Office, moves: list[tuple[str, int]]) -> None:
    made = [office.task(assignee="ada", start=False) for _ in range(TASKS)]
    for act, which in moves:
        try:
            ACTS[act](office, office.now(made[which]))
        except Problem as problem:
            assert problem.code == "conflict"
        holds(office)
    for task in made:
        if office.now(task).open:
            lifecycle.cancel(office.db, office.person, task.id)
    with clock.frozen(clock.now() + timedelta(seconds=60)):
        wakes.sweep(office.db)
    ended = [w for task in made for w in wake_rows.of_task(office.db, task.id)]
    assert {wake.state for wake in ended} <= ENDS
    assert all(wake.run_id for wake in ended if wake.state == "run")
    assert all(wake.detail for wake in ended if wake.state not in ("run",))
