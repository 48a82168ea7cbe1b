"""Many workflows at the same time: started together, looked at together, and none sees anything of another."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.domain import chain, tasks
from appliance.domain.instances import advance, starting, verbs
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows.definition import AgentStep, WaitStep, WorkflowStep
from appliance.errors import Problem
from tests.engine import flows
from tests.engine.floor import Floor
from tests.engine.flows import Flow, says, step
from tests.waiting import until

CALLERS = 8


def begin(floor: Floor, slug: str, idem: str = "") -> Instance:
    """From a thread of its own, as requests come in."""
    with floor.world.db() as db:
        return starting.start(db, floor.actor, slug, {}, idem=idem)


def together(floor: Floor, asked: list[tuple[str, str]]) -> list[Instance | BaseException]:
    """Everybody asks while somebody else writes."""
    with ThreadPoolExecutor(len(asked)) as pool:
        with floor.db.transaction():
            wanted = [pool.submit(begin, floor, *one) for one in asked]
            waiting = floor.db._groups.of("instances.start")
            until(lambda: len(waiting._waiting) + sum(one.done() for one in wanted) == len(asked), 20)
        return [one.exception() or one.result() for one in wanted]


def test_workflows_started_at_the_same_time_are_each_started_whole(floor: Floor) -> None:
    flows.apply(floor.db, flows.chain(step("a"), step("b")), "one")
    flows.apply(floor.db, [step("c", says("ok"))], "two")
    got = together(floor, [("one", ""), ("two", "")] * 3 + [("none", "")])
    assert isinstance(got.pop(), Problem)
    found = [Flow(floor, one) for one in got if isinstance(one, Instance)]
    assert len({one.id for one in found}) == len({one.now.number for one in found}) == 6
    assert [list(one.states) for one in found] == [["a"], ["c"]] * 3
    floor.work()
    assert [one.now.state for one in found] == ["succeeded"] * 6
    assert {tasks.get(floor.db, one.now.task_id).state for one in found} == {"done"}
    assert chain.verify(floor.db).bad is None


def test_the_same_idem_at_the_same_time_starts_it_once(floor: Floor) -> None:
    flows.apply(floor.db, [step("a")], "one")
    got = together(floor, [("one", "x"), ("one", "y"), ("one", ""), ("one", "x"), ("one", ""), ("one", "y")])
    ids = [one.id for one in got if isinstance(one, Instance)]
    assert (len(ids), len(set(ids))) == (6, 4)
    assert (ids[0], ids[1]) == (ids[3], ids[5])
    assert floor.db.value("SELECT COUNT(*) AS n FROM instances") == 4


def test_workflows_that_move_together_end_as_each_would_alone(floor: Floor) -> None:
    """Good ones, one that fails and stops its other steps, one that waits, and a parent with its child."""
    bad = [step("x", AgentStep("ada", body="sim: fail 401")), step("y", WaitStep(signal="never"))]
    flows.apply(floor.db, [step("c")], "below")
    found = [
        flows.start(floor, flows.chain(step("a"), step("b")), slug="good"),
        flows.start(floor, bad, slug="bad"),
        flows.start(floor, [step("w", WaitStep(signal="go"))], slug="waits"),
        flows.start(floor, [step("sub", WorkflowStep("below"))], slug="above"),
        flows.start(floor, [step("a")], slug="last"),
    ]
    floor.work()
    assert [one.now.state for one in found] == ["succeeded", "failed", "running", "succeeded", "succeeded"]
    assert found[1].states == {"x": "failed", "y": "cancelled"}
    verbs.signal(floor.db, floor.actor, found[2].id, "go", 1)
    floor.work()
    assert found[2].now.state == "succeeded"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_one_look_ends_elsewhere_the_next_look_knows(floor: Floor, number: int) -> None:
    """A parent that fails cancels its child, which has moved in the same turn."""
    flows.apply(floor.db, [step("c"), step("d", WaitStep(signal="never"))], "below")
    bad = [step("x", AgentStep("ada", body="sim: fail 401")), step("sub", WorkflowStep("below"))]
    found = [flows.start(floor, bad, slug=f"bad-{n}") for n in range(number)]
    floor.work()
    assert {one.now.state for one in found} == {"failed"}
    states = [row["state"] for row in floor.db.rows("SELECT state FROM instances WHERE parent_id IS NOT NULL")]
    assert states == ["cancelled"] * number
    assert floor.db.value("SELECT COUNT(*) AS n FROM nodes WHERE finished_at IS NULL") == 0


def test_a_look_at_many_asks_as_much_as_a_look_at_one(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    rows = type(floor.db).rows

    def counted(self: object, sql: str, params: object = None) -> object:
        asked.append(sql)
        return rows(self, sql, params)  # type: ignore[arg-type]

    def reads(number: int) -> int:
        flows.apply(floor.db, [step("a")], "one")
        with floor.db.transaction():
            for _ in range(number):
                starting.start(floor.db, floor.actor, "one", {})
        asked.clear()
        with monkeypatch.context() as patch, floor.db.transaction():
            patch.setattr(type(floor.db), "rows", counted)
            assert advance.moved(floor.db) == number
        return len(asked)

    reads(1)
    few = reads(1)
    assert reads(20) <= few + 2
