"""Runs that share a claim: what goes wrong with one is nothing to the others."""

from contextlib import suppress

from appliance.domain import claims
from appliance.engine.work import Work
from tests.engine.floor import Floor
from tests.engine.programs import program


def test_a_run_that_breaks_takes_no_other_of_its_batch_along(floor: Floor) -> None:
    def act(work: Work) -> str:
        if work.journal.run.task_id == broken.id:
            raise RuntimeError("a bug")
        return "ok"

    with program(floor, act, quick=True) as made:
        first, broken, last = made.task(), made.task(), made.task()
        for _ in range(claims.MAX_WITHOUT_PROGRESS):
            with suppress(RuntimeError):
                floor.work()
            claims.release(floor.db, "lease_owner <> ''", {})
        floor.work()
    assert floor.outcome(broken) == ("parked", "poison", "blocked")
    assert [floor.now(task).state for task in (first, last)] == ["done", "done"]
    assert floor.run(first).fence == 1
