"""Agents: who may be hired, how they change, and who reports to whom."""

import threading
from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain import agents, claims, org, revisions, runs, tasks
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import AgentChange, NewAgent
from appliance.domain.agents import Agent
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def alice(world: World) -> Actor:
    return world.alice.actor


def hire(db: Database, alice: Actor, slug: str = "ada", **fields: object) -> Agent:
    given = {"name": slug.title(), "instructions": "Work.", "model": "simulated"} | fields
    return agents.create(db, alice, NewAgent(slug, **given))  # type: ignore[arg-type]


def refused(act: object, *args: object, **fields: object) -> Problem:
    with pytest.raises(Problem) as caught:
        act(*args, **fields)  # type: ignore[operator]
    return caught.value


@pytest.mark.parametrize(
    ("slug", "fields", "field"),
    [
        ("A", {}, "slug"),
        ("a", {}, "slug"),
        ("-a", {}, "slug"),
        ("x" * 41, {}, "slug"),
        ("ada", {"name": " "}, "name"),
        ("ada", {"tools": ["shell.run"]}, "tools"),
        ("ada", {"runtime": "magic"}, "runtime"),
        ("ada", {"max_concurrency": 0}, "max_concurrency"),
        ("ada", {"max_concurrency": 101}, "max_concurrency"),
        ("ada", {"model": " "}, "model"),
        ("ada", {"budget_usd_month": "much"}, "budget_usd_month"),
    ],
)
def test_an_agent_that_cannot_be_is_refused_by_field(
    db: Database, alice: Actor, slug: str, fields: dict[str, object], field: str
) -> None:
    problem = refused(hire, db, alice, slug, **fields)
    assert (problem.code, list(problem.errors)) == ("invalid", [field])
    assert agents.all(db) == []


def test_a_slug_is_taken_once_and_free_again_after_its_agent_left(db: Database, alice: Actor) -> None:
    first = hire(db, alice)
    assert refused(hire, db, alice).code == "duplicate"
    agents.delete(db, alice, "ada")
    assert hire(db, alice).id != first.id


def test_every_change_is_a_revision_that_can_be_read(db: Database, alice: Actor) -> None:
    ada = hire(db, alice, instructions="One")
    changed = agents.change(db, alice, "ada", AgentChange(instructions="Two", model="sim-deep"))
    assert (changed.revision, changed.instructions, changed.name) == (2, "Two", "Ada")
    assert [r.data["instructions"] for r in revisions.of_agent(db, agents.get(db, "ada").id)] == ["Two", "One"]
    assert revisions.at(db, ada.id, 1)["model"] == "simulated"


def test_changes_at_the_same_moment_are_made_one_by_one_or_refused(db: Database, alice: Actor, world: World) -> None:
    hire(db, alice)
    ended: list[str] = []

    def rename(n: int) -> None:
        with world.db() as own:
            try:
                agents.change(own, alice, "ada", AgentChange(name=f"Ada {n}"))
                ended.append("changed")
            except Problem as problem:
                ended.append(problem.code)

    threads = [threading.Thread(target=rename, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(ended) <= {"changed", "conflict"}
    assert (
        agents.get(db, "ada").revision
        == 1 + ended.count("changed")
        == len(revisions.of_agent(db, agents.get(db, "ada").id))
    )


def test_nobody_reports_to_themselves(db: Database, alice: Actor) -> None:
    hire(db, alice, "noor")
    hire(db, alice, "ada", manager="noor")
    hire(db, alice, "ben", manager="ada")
    for agent, manager in (("ada", "ada"), ("noor", "ben"), ("noor", "ada")):
        problem = refused(agents.change, db, alice, agent, AgentChange(manager=manager))
        assert list(problem.errors) == ["manager"]
    [top] = org.tree(db)
    assert (top.agent.slug, top.reports[0].agent.slug, top.reports[0].reports[0].agent.slug) == ("noor", "ada", "ben")


def test_an_agent_with_work_or_reports_is_not_deleted(db: Database, alice: Actor) -> None:
    hire(db, alice, "noor")
    hire(db, alice, "ada", manager="noor")
    task = tasks.create(db, alice, NewTask("T", assignee="ada"))
    assert "open tasks" in refused(agents.delete, db, alice, "ada").detail
    assert "has reports" in refused(agents.delete, db, alice, "noor").detail
    db.execute("UPDATE tasks SET state = 'done'")
    agents.delete(db, alice, "ada")
    assert refused(agents.get, db, "ada").code == "not_found"
    assert tasks.get(db, task.id).agent_name == "Ada"


def test_status_is_what_its_runs_say(db: Database, alice: Actor) -> None:
    hire(db, alice)
    assert agents.get(db, "ada").status == "idle"
    tasks.create(db, alice, NewTask("T", assignee="ada"))
    assert (agents.get(db, "ada").queued, agents.get(db, "ada").status) == (1, "idle")
    [run] = claims.claim(db, "w", 30)
    assert agents.get(db, "ada").status == "busy"
    with db.transaction():
        runs.wait(db, run, "timer", "9999", "")
    assert agents.get(db, "ada").status == "waiting"
    agents.set_paused(db, alice, "ada", True)
    assert agents.get(db, "ada").status == "paused"


def test_hiring_is_for_admins_and_pausing_for_operators(db: Database, alice: Actor, world: World) -> None:
    assert refused(hire, db, world.otto.actor).code == "forbidden"
    hire(db, alice)
    assert refused(agents.change, db, world.otto.actor, "ada", AgentChange(name="X")).code == "forbidden"
    assert refused(agents.delete, db, world.otto.actor, "ada").code == "forbidden"
    assert agents.set_paused(db, world.otto.actor, "ada", True).paused
    assert refused(agents.set_paused, db, world.bob.actor, "ada", False).code == "forbidden"


def test_two_tenants_may_have_an_agent_of_one_name(db: Database, alice: Actor, world: World) -> None:
    ours = hire(db, alice)
    with world.db(world.globex) as theirs:
        assert refused(agents.get, theirs, "ada").code == "not_found"
        assert hire(theirs, world.charlie.actor).id != ours.id
