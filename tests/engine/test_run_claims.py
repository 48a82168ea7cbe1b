"""The claims of a run: who worked on it, and how each claim ended."""

from appliance.domain import claims, run_claims
from appliance.domain.tasks import Task
from tests.engine.floor import Floor, comment, finish


def told(floor: Floor, task: Task) -> list[tuple[int, str, str, str]]:
    return [(c.number, c.owner, c.end, c.why) for c in run_claims.of_run(floor.db, floor.run(task))]


def test_a_crash_and_the_claim_after_it_are_told(floor: Floor) -> None:
    task = floor.task(comment("One."), finish())
    assert told(floor, task) == []
    floor.die_after(2)
    assert told(floor, task) == [(1, "mortal", "", "")]
    floor.take_back()
    floor.work()
    assert told(floor, task) == [(1, "mortal", "released", "lost"), (2, "floor", "succeeded", "")]
    assert [c.number for c in run_claims.of_run(floor.db, floor.run(task))][-1] == floor.run(task).fence


def test_a_run_given_back_by_a_server_that_stops_is_no_crash(floor: Floor) -> None:
    task = floor.task(finish())
    claims.give_back(floor.db, floor.claim("one"))
    assert told(floor, task) == [(1, "one", "released", "stopped")]


def test_how_a_claim_failed_names_the_code(floor: Floor) -> None:
    assert told(floor, floor.done("sim: empty")) == [(1, "floor", "incomplete", "empty_answer")]
