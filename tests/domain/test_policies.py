"""Who may hand work to whom: down the tree, and what rules change about that."""

from collections.abc import Iterator

import msgspec
import pytest

from appliance.db.database import Database
from appliance.domain import agents, guards, org, policies, tasks
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.agent_forms import NewAgent
from appliance.domain.guards import GuardsChange
from appliance.domain.policies import NewEdge
from appliance.domain.task_forms import NewTask, TaskChange
from appliance.errors import Problem
from tests.world import World

TREE = [("ann", None), ("ben", "ann"), ("cleo", "ann"), ("dan", "ben"), ("zoe", None)]


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        for slug, manager in TREE:
            agents.create(db, SYSTEM, NewAgent(slug, slug.title(), "Work.", "simulated", manager=manager))
        yield db


def acting(db: Database, slug: str) -> Actor:
    agent = agents.get(db, slug)
    return Actor("agent", agent.id, agent.name, "operator")


def allowed(db: Database, slug: str) -> str:
    return " ".join(one.slug for one in policies.may_hand_to(db, agents.get(db, slug).id))


def rule(db: Database, slug: str, target: str, verdict: str) -> None:
    policies.put(db, SYSTEM, slug, NewEdge(target, verdict))


def test_an_agent_changes_no_rule_whatever_its_key_may(db: Database) -> None:
    agent = msgspec.structs.replace(acting(db, "dan"), role="admin")
    with pytest.raises(Problem, match="An agent can't"):
        policies.put(db, agent, "dan", NewEdge("anyone", "allow"))
    with pytest.raises(Problem, match="An agent can't"):
        org.move(db, agent, "zoe", "dan")


@pytest.mark.parametrize(("slug", "to"), [("ann", "ben cleo dan"), ("ben", "dan"), ("dan", ""), ("zoe", "")])
def test_without_a_rule_work_goes_down_the_tree(db: Database, slug: str, to: str) -> None:
    assert allowed(db, slug) == to


@pytest.mark.parametrize(
    ("rules", "to"),
    [
        ([("zoe", "allow")], "dan zoe"),
        ([("peers", "allow")], "cleo dan"),
        ([("anyone", "allow")], "ann cleo dan zoe"),
        ([("anyone", "allow"), ("zoe", "deny")], "ann cleo dan"),
        ([("anyone", "allow"), ("peers", "deny")], "ann dan zoe"),
        ([("reports", "deny")], ""),
        ([("reports", "deny"), ("dan", "allow")], "dan"),
        ([("anyone", "deny")], ""),
        ([("dan", "deny")], ""),
    ],
)
def test_the_narrowest_rule_counts(db: Database, rules: list[tuple[str, str]], to: str) -> None:
    for target, verdict in rules:
        rule(db, "ben", target, verdict)
    assert allowed(db, "ben") == to


def test_a_rule_is_replaced_and_taken_away(db: Database) -> None:
    rule(db, "ben", "zoe", "allow")
    rule(db, "ben", "zoe", "deny")
    assert [(edge.target, edge.target_name, edge.verdict) for edge in policies.of(db, "ben")] == [
        ("zoe", "Zoe", "deny")
    ]
    assert policies.remove(db, SYSTEM, "ben", "zoe") == []


@pytest.mark.parametrize(
    ("target", "verdict", "field"),
    [("nobody", "allow", "target"), ("ben", "allow", "target"), ("zoe", "perhaps", "verdict")],
)
def test_a_rule_that_means_nothing_is_refused_by_field(db: Database, target: str, verdict: str, field: str) -> None:
    with pytest.raises(Problem) as caught:
        rule(db, "ben", target, verdict)
    assert list(caught.value.errors) == [field]


def test_rules_are_for_admins(db: Database, world: World) -> None:
    for act in (
        lambda: policies.put(db, world.otto.actor, "ben", NewEdge("zoe", "allow")),
        lambda: policies.remove(db, world.otto.actor, "ben", "zoe"),
    ):
        with pytest.raises(Problem, match="needs the role admin"):
            act()


def test_every_way_to_hand_work_over_asks_the_rules(db: Database) -> None:
    ben = acting(db, "ben")
    with pytest.raises(Problem, match=r"Ben may not hand work to zoe. It may hand work to: dan\."):
        tasks.create(db, ben, NewTask("T", assignee="zoe"))
    own = tasks.create(db, ben, NewTask("T", assignee="dan", start=False))
    with pytest.raises(Problem, match="may not hand work to zoe"):
        tasks.change(db, ben, own.id, TaskChange(assignee="zoe"))
    with pytest.raises(Problem, match="to nobody but itself"):
        tasks.create(db, acting(db, "zoe"), NewTask("T", assignee="ann"))
    assert tasks.create(db, acting(db, "zoe"), NewTask("T", assignee="zoe")).agent_slug == "zoe"
    assert tasks.create(db, ben, NewTask("T", assignee="ann"), asks_up=True).agent_slug == "ann"


def test_people_hand_work_to_whom_they_like_and_as_deep_as_they_like(db: Database, world: World) -> None:
    guards.change(db, SYSTEM, GuardsChange(task_depth=1, task_children=1))
    parent = tasks.create(db, world.otto.actor, NewTask("T"))
    for _ in range(3):
        parent = tasks.create(db, world.otto.actor, NewTask("T", parent_id=parent.id, assignee="zoe"))
        tasks.create(db, world.otto.actor, NewTask("T", parent_id=parent.id))


def test_an_agent_that_left_is_in_no_rule(db: Database) -> None:
    rule(db, "ben", "zoe", "allow")
    agents.delete(db, SYSTEM, "zoe")
    assert (allowed(db, "ben"), policies.of(db, "ben")) == ("dan", [])
