"""Limits of the plan at their edge: agents, and runs at the same time."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from appliance.domain import agents, claims, guards, quotas, tasks, why
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.guards import GuardsChange
from appliance.domain.instances import hands
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.domain.limiting import hire, limit
from tests.web import work
from tests.world import World


def refused(act: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as caught:
        act()
    return caught.value


def at_once(many: int, act: Callable[[int], object]) -> Counter[str]:
    """How the same act ended in so many threads that begin together."""
    ended: Counter[str] = Counter()
    gate = threading.Barrier(many)

    def run(n: int) -> None:
        gate.wait()
        try:
            act(n)
            ended["done"] += 1
        except Problem as problem:
            ended[problem.code] += 1

    threads = [threading.Thread(target=run, args=(n,)) for n in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def test_the_agent_beyond_the_limit_is_refused_with_limit_usage_and_what_to_do(world: World) -> None:
    limit(world, "free", agents=3)
    hire(world, "ada", "ben")
    hire(world, "cleo")
    problem = refused(lambda: hire(world, "dora"))
    assert (problem.code, problem.status) == ("quota", 402)
    assert problem.more == {"quota": "agents", "limit": 3, "usage": 3}
    assert problem.detail == (
        "The plan Free allows 3 agents and there are 3. Remove one, or ask the owner of the box for more."
    )


def test_an_agent_that_left_makes_room_for_another(world: World) -> None:
    limit(world, agents=1)
    hire(world, "ada")
    with world.db() as db:
        agents.delete(db, world.alice.actor, "ada")
    hire(world, "ben")


def test_the_agent_that_the_box_keeps_for_itself_does_not_count(world: World) -> None:
    limit(world, agents=1)
    with world.db() as db, db.transaction():
        hands.agent_id(db)
    hire(world, "ada")
    with world.db() as db:
        assert quotas.agents(db) == 1


@pytest.mark.parametrize(("room", "many"), [(1, 2), (5, 20)])
def test_of_agents_made_at_once_as_many_come_to_be_as_there_is_room_for(world: World, room: int, many: int) -> None:
    limit(world, agents=room)
    ended = at_once(many, lambda n: hire(world, f"agent-{n}"))
    assert ended == {"done": room, "quota": many - room}
    with world.db() as db:
        assert len(agents.all(db)) == room


def test_a_plan_lowered_below_what_is_used_takes_nothing_and_adds_nothing(world: World) -> None:
    hire(world, "ada", "ben", "cleo")
    limit(world, "free", agents=1)
    with world.db() as db:
        assert [agent.slug for agent in agents.all(db)] == ["ada", "ben", "cleo"]
        assert quotas.usage(db)[0] == quotas.Usage("agents", 3, 1)
    assert refused(lambda: hire(world, "dora")).more == {"quota": "agents", "limit": 1, "usage": 3}


def queue(world: World, many: int) -> None:
    """So many tasks of an agent that may do a hundred at once."""
    work.connect(world)
    with world.db() as db:
        agents.create(db, world.alice.actor, NewAgent("ada", "Ada", "Work.", "simulated", max_concurrency=100))
        for n in range(many):
            tasks.create(db, world.otto.actor, NewTask(f"T{n}", assignee="ada"))


def taken(world: World, most: int) -> int:
    with world.db() as db:
        return len(claims.claim(db, "w", 30, most, frozenset({"builtin"})))


@pytest.mark.parametrize(("most", "expected"), [(2, 2), (3, 3), (4, 3)])
def test_no_more_runs_are_claimed_than_the_plan_allows_at_the_same_time(world: World, most: int, expected: int) -> None:
    queue(world, 5)
    limit(world, running=3)
    assert taken(world, most) == expected
    assert taken(world, 5) == 3 - expected


def test_claims_at_the_same_moment_stay_within_the_limit(world: World) -> None:
    queue(world, 6)
    limit(world, running=2)
    at_once(6, lambda _: taken(world, 1))
    with world.db() as db:
        assert quotas.running(db) == 2


@pytest.mark.parametrize(("own", "plan"), [(1, 4), (4, 1)])
def test_the_lower_of_plan_and_own_guard_counts(world: World, own: int, plan: int) -> None:
    queue(world, 3)
    limit(world, running=plan)
    with world.db() as db:
        guards.change(db, SYSTEM, GuardsChange(max_running=own))
    assert taken(world, 3) == 1


def test_work_that_waits_for_the_plan_says_so(world: World) -> None:
    queue(world, 2)
    limit(world, "free", running=1)
    taken(world, 2)
    with world.db() as db:
        task_id = db.value("SELECT task_id FROM runs WHERE state = 'ready'")
        found = why.why(db, tasks.get(db, task_id))
    assert (found.code, found.verb) == ("plan_limit", "quota")
    assert found.sentence == "1 of the 1 runs that the plan Free allows at the same time are at work."
