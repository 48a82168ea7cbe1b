"""The reporting tree: it stays one, also when two moves meet."""

import threading
from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain import agents, org, reporting, revisions
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.org import Place
from appliance.errors import Problem
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


def hire(db: Database, *slugs: str, manager: str | None = None) -> None:
    for slug in slugs:
        agents.create(db, SYSTEM, NewAgent(slug, slug.title(), "Work.", "simulated", manager=manager))


def drawn(places: list[Place]) -> dict[str, object]:
    return {place.agent.slug: drawn(place.reports) for place in places}


def test_a_move_takes_the_whole_branch_along(db: Database) -> None:
    hire(db, "ann", "zoe")
    hire(db, "ben", manager="ann")
    hire(db, "cleo", manager="ben")
    moved = org.move(db, SYSTEM, "ben", "zoe")
    assert drawn(org.tree(db)) == {"ann": {}, "zoe": {"ben": {"cleo": {}}}}
    assert (moved.revision, len(revisions.of_agent(db, moved.id))) == (2, 2)
    org.move(db, SYSTEM, "ben", None)
    assert drawn(org.tree(db)) == {"ann": {}, "ben": {"cleo": {}}, "zoe": {}}


@pytest.mark.parametrize("manager", ["ann", "ben", "cleo"])
def test_nobody_reports_to_somebody_below(db: Database, manager: str) -> None:
    hire(db, "ann")
    hire(db, "ben", manager="ann")
    hire(db, "cleo", manager="ben")
    with pytest.raises(Problem, match="itself or to somebody below") as caught:
        org.move(db, SYSTEM, "ann", manager)
    assert list(caught.value.errors) == ["manager"]


def test_two_moves_at_once_make_no_circle(db: Database, world: World) -> None:
    """Each is fine alone; together they would be a circle. Of every pair exactly one is refused."""
    pairs = [(f"a{n}", f"b{n}") for n in range(8)]
    hire(db, *(slug for pair in pairs for slug in pair))
    gate, got = threading.Barrier(16), list[str]()
    turn = threading.BoundedSemaphore(8)

    def move(agent: str, manager: str) -> None:
        gate.wait()
        try:
            with turn, world.db() as own:
                org.move(own, SYSTEM, agent, manager)
                got.append("moved")
        except Problem as problem:
            got.append(problem.code)

    moves = [move_ for a, b in pairs for move_ in ((a, b), (b, a))]
    threads = [threading.Thread(target=move, args=one) for one in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["invalid"] * 8 + ["moved"] * 8
    assert len(org.tree(db)) == 8


def test_the_tree_has_a_bottom(db: Database) -> None:
    hire(db, "l1")
    for level in range(2, reporting.LEVELS + 1):
        hire(db, f"l{level}", manager=f"l{level - 1}")
    with pytest.raises(Problem, match="more than 20 levels"):
        hire(db, "deeper", manager=f"l{reporting.LEVELS}")
    hire(db, "top")
    with pytest.raises(Problem, match="more than 20 levels"):
        org.move(db, SYSTEM, "l1", "top")
    assert len(reporting.below(db, agents.get(db, "l1").id)) == reporting.LEVELS - 1


def test_whoever_leaves_may_hand_their_reports_up(db: Database) -> None:
    hire(db, "ann")
    hire(db, "ben", manager="ann")
    hire(db, "cleo", "dan", manager="ben")
    with pytest.raises(Problem, match="Move them up"):
        agents.delete(db, SYSTEM, "ben")
    agents.delete(db, SYSTEM, "ben", reports_up=True)
    assert drawn(org.tree(db)) == {"ann": {"cleo": {}, "dan": {}}}
    agents.delete(db, SYSTEM, "ann", reports_up=True)
    assert drawn(org.tree(db)) == {"cleo": {}, "dan": {}}


def test_only_an_admin_moves_people(db: Database, world: World) -> None:
    hire(db, "ann", "ben")
    with pytest.raises(Problem, match="needs the role admin"):
        org.move(db, world.otto.actor, "ann", "ben")
