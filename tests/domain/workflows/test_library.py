"""Workflows are applied as versions that never change; what they name has to be there."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.db.database import Database
from appliance.domain import agents, events, samples
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import NewAgent
from appliance.domain.workflows import library, version_rows
from appliance.errors import Problem
from tests.world import World

PLAIN = """
slug: tidy
name: Tidy up
steps:
  - id: sweep
    command: python3 sweep.py
"""


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def alice(world: World) -> Actor:
    return world.alice.actor


@pytest.fixture
def otto(world: World) -> Actor:
    return world.otto.actor


def text(slug: str = "tidy", steps: str = "- {id: rest, wait: 1s}", more: str = "") -> str:
    return f"slug: {slug}\n{more}\nsteps:\n  {steps}\n"


def calls(slug: str, other: str, version: str = "") -> str:
    return text(slug, f"- {{id: sub, workflow: {other}{version}}}")


def refused(act: object, *args: object) -> Problem:
    with pytest.raises(Problem) as caught:
        act(*args)  # type: ignore[operator]
    return caught.value


def test_applying_makes_the_first_version(db: Database, otto: Actor) -> None:
    applied = library.apply(db, otto, PLAIN)
    assert (applied.version, applied.created, applied.changed, applied.workflow.name) == (1, True, True, "Tidy up")
    kept = library.version(db, "tidy", 1)
    assert (kept.source, kept.actor, kept.definition.steps[0].kind) == (PLAIN, otto.label, "command")
    told = events.recent(db, 1)[0]
    assert (told.kind, told.data) == ("workflow.applied", {"workflow_id": applied.workflow.id, "version": 1})


def test_the_same_content_makes_no_new_version_however_it_is_written(db: Database, otto: Actor) -> None:
    library.apply(db, otto, PLAIN)
    again = library.apply(db, otto, "# a remark\n" + PLAIN.replace("python3 sweep.py", '"python3 sweep.py"'))
    assert (again.version, again.created, again.changed) == (1, False, False)
    assert len(library.versions(db, "tidy")) == 1
    assert [event.kind for event in events.recent(db)].count("workflow.applied") == 1


def test_another_content_is_the_next_version_and_the_one_before_stays(db: Database, otto: Actor) -> None:
    library.apply(db, otto, PLAIN)
    second = library.apply(db, otto, PLAIN.replace("Tidy up", "Clean").replace("sweep.py", "mop.py"))
    assert (second.version, second.created, second.changed, second.workflow.name) == (2, False, True, "Clean")
    assert [one.version for one in library.versions(db, "tidy")] == [2, 1]
    assert library.version(db, "tidy", 1).source == PLAIN
    assert library.version(db, "tidy").version == 2
    assert version_rows.definition(db, second.workflow.id, 1).name == "Tidy up"
    assert version_rows.definition(db, second.workflow.id, 2).name == "Clean"


def test_going_back_to_what_was_is_a_version_too(db: Database, otto: Actor) -> None:
    for source in (PLAIN, PLAIN.replace("sweep", "mop"), PLAIN):
        library.apply(db, otto, source)
    one, _, three = reversed(library.versions(db, "tidy"))
    assert (one.digest, one.version, three.version) == (three.digest, 1, 3)


def test_two_versions_are_compared_as_text(db: Database, otto: Actor) -> None:
    library.apply(db, otto, PLAIN)
    library.apply(db, otto, PLAIN.replace("sweep.py", "mop.py"))
    lines = library.diff(db, "tidy", 1, 2).splitlines()
    assert lines[:2] == ["--- tidy version 1", "+++ tidy version 2"]
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        "-    command: python3 sweep.py",
        "+    command: python3 mop.py",
    ]
    assert library.diff(db, "tidy", 2, 2) == ""


@pytest.mark.parametrize("number", [0, 2, -1, 2**70])
def test_a_version_that_is_not_there_is_not_found(db: Database, otto: Actor, number: int) -> None:
    library.apply(db, otto, PLAIN)
    assert refused(library.version, db, "tidy", number).code == "not_found"
    assert refused(library.diff, db, "tidy", 1, number).code == "not_found"


def test_an_archived_workflow_leaves_the_list_and_frees_its_slug(db: Database, otto: Actor) -> None:
    first = library.apply(db, otto, PLAIN).workflow
    library.archive(db, otto, "tidy")
    library.archive(db, otto, first.id)
    assert library.listing(db).items == []
    assert refused(library.get, db, "tidy").code == "not_found"
    assert library.get(db, first.id).archived_at
    second = library.apply(db, otto, PLAIN)
    assert (second.created, second.version, second.workflow.id != first.id) == (True, 1, True)
    assert [event.kind for event in events.recent(db)].count("workflow.archived") == 1


def test_the_list_is_in_the_order_of_slugs_page_by_page(db: Database, otto: Actor) -> None:
    for slug in ("cc", "aa", "dd", "bb"):
        library.apply(db, otto, text(slug))
    first = library.listing(db, 3)
    assert [one.slug for one in first.items] == ["aa", "bb", "cc"]
    assert [one.slug for one in library.listing(db, 3, first.next_cursor or "").items] == ["dd"]
    assert refused(library.listing, db, 3, "!").code == "bad_cursor"


def test_faults_are_refused_by_path_with_their_lines(db: Database, otto: Actor) -> None:
    problem = refused(library.apply, db, otto, "slug: tidy\nsteps:\n  - id: a\n    wait: soon\n    titel: x\n")
    assert (problem.code, sorted(problem.errors)) == ("invalid", ["steps[0].titel", "steps[0].wait"])
    assert problem.errors["steps[0].titel"] == "line 5: 'titel' is not known here; did you mean 'title'?"
    assert library.listing(db).items == []


def test_a_viewer_and_an_agent_apply_and_archive_nothing(world: World, db: Database, otto: Actor) -> None:
    agent = Actor("agent", "a", "Ada", "owner")
    assert refused(library.apply, db, world.bob.actor, PLAIN).code == "forbidden"
    assert refused(library.apply, db, agent, PLAIN).code == "forbidden"
    library.apply(db, otto, PLAIN)
    assert refused(library.archive, db, world.bob.actor, "tidy").code == "forbidden"


def test_workflows_of_another_tenant_are_not_seen(world: World, db: Database, otto: Actor) -> None:
    library.apply(db, otto, PLAIN)
    with world.db(world.globex) as other:
        assert library.listing(other).items == []
        assert refused(library.get, other, "tidy").code == "not_found"


BRINGS = """
slug: tidy
agents:
  - {slug: ada, name: Ada, instructions: Work., manager: bo, tools: [workspace.read]}
  - {slug: bo, name: Bo, instructions: Lead., model: sim-deep, budget_usd_month: "20"}
steps:
  - {id: work, agent: ada, body: Work.}
"""


def test_agents_it_brings_are_made_once_with_the_usual_model(world: World, db: Database, alice: Actor) -> None:
    samples.add_simulated(db, alice, world.vault)
    assert library.apply(db, alice, BRINGS).agents == ["bo", "ada"]
    ada, bo = agents.get(db, "ada"), agents.get(db, "bo")
    assert (bo.model, bo.budget_nano_month, ada.manager_id) == ("sim-deep", 20_000_000_000, bo.id)
    assert (ada.model, ada.tools) == ("sim-deep", ["workspace.read"])
    again = library.apply(db, alice, BRINGS.replace("Lead.", "Lead well."))
    assert (again.agents, again.version, agents.get(db, "bo").instructions) == ([], 2, "Lead.")


def test_the_first_agents_have_the_first_model_of_the_first_account(world: World, db: Database, alice: Actor) -> None:
    samples.add_simulated(db, alice, world.vault)
    library.apply(db, alice, BRINGS.replace("model: sim-deep, ", ""))
    assert agents.get(db, "bo").model == "simulated"


def test_without_any_model_no_agent_is_made_and_no_version(db: Database, alice: Actor) -> None:
    problem = refused(library.apply, db, alice, BRINGS.replace("model: sim-deep, ", ""))
    assert list(problem.errors) == ["agents"]
    assert library.listing(db).items == agents.all(db) == []


def test_an_operator_applies_what_brings_agents_only_once_they_are_there(
    db: Database, alice: Actor, otto: Actor
) -> None:
    source = BRINGS.replace("{slug: ada, ", "{slug: ada, model: simulated, ")
    assert refused(library.apply, db, otto, source).code == "forbidden"
    library.apply(db, alice, source)
    assert not library.apply(db, otto, source).changed


def test_managers_in_a_circle_are_refused(db: Database, alice: Actor) -> None:
    problem = refused(library.apply, db, alice, BRINGS.replace("slug: bo,", "slug: bo, manager: ada,"))
    assert problem.errors == {"agents": "ada, bo manage each other; take one manager away"}


@pytest.mark.parametrize(
    ("steps", "path", "word"),
    [
        ("- {id: a, agent: adam}", "steps[0].agent", "did you mean 'ada'?"),
        ("- {id: a, wait: 1, compensate: {agent: zoe}}", "steps[0].compensate.agent", "no agent zoe"),
        ("- {id: a, map: [1], do: [{id: b, agent: zoe}]}", "steps[0].do[0].agent", "no agent zoe"),
        (
            "- {id: a, agent: ada, checks: [{reviewer_agent: Good, agent: zoe}]}",
            "steps[0].checks[0].agent",
            "no agent zoe",
        ),
        ("- {id: a, workflow: nothing}", "steps[0].workflow", "apply it first"),
        ("- {id: a, workflow: tidy}", "steps[0].workflow", "can't carry itself out"),
        ("- {id: a, workflow: other, version: 9}", "steps[0].workflow", "no version 9; its newest is 1"),
    ],
)
def test_what_a_workflow_names_has_to_be_there(db: Database, alice: Actor, steps: str, path: str, word: str) -> None:
    agents.create(db, alice, NewAgent("ada", "Ada", "Work.", "simulated"))
    library.apply(db, alice, text("other"))
    problem = refused(library.apply, db, alice, text("tidy", steps))
    assert list(problem.errors) == [path]
    assert word in problem.errors[path]


def test_workflows_that_lead_back_to_themselves_are_refused(db: Database, otto: Actor) -> None:
    library.apply(db, otto, text("first"))
    library.apply(db, otto, calls("second", "first"))
    library.apply(db, otto, calls("third", "second"))
    problem = refused(library.apply, db, otto, calls("first", "third"))
    assert problem.errors == {"steps[0].workflow": "third leads back to first by way of second"}
    assert library.get(db, "first").version == 1


def test_two_who_apply_at_once_get_a_version_each_and_none_is_lost(world: World, db: Database, otto: Actor) -> None:
    start = threading.Barrier(6, timeout=20)

    def one(n: int) -> int:
        with world.db() as own:
            start.wait()
            return library.apply(own, otto, text(steps=f"- {{id: rest, wait: {n}s}}")).version

    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(one, range(1, 7)))
    kept = {version.version: version.definition.steps[0].does.seconds for version in library.versions(db, "tidy")}  # type: ignore[union-attr]
    assert sorted(given) == [1, 2, 3, 4, 5, 6]
    assert kept == {number: float(n) for n, number in enumerate(given, 1)}
    assert library.get(db, "tidy").version == 6


def test_two_who_apply_the_same_at_once_make_one_version(world: World, db: Database, otto: Actor) -> None:
    start = threading.Barrier(4, timeout=20)

    def one(_: int) -> bool:
        with world.db() as own:
            start.wait()
            return library.apply(own, otto, PLAIN).changed

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [False, False, False, True]
    assert len(library.versions(db, "tidy")) == 1


def test_what_was_rolled_back_is_not_remembered(db: Database, otto: Actor) -> None:
    workflow = library.apply(db, otto, PLAIN).workflow
    with pytest.raises(ZeroDivisionError), db.transaction():
        library.apply(db, otto, PLAIN.replace("Tidy up", "Lost"))
        assert version_rows.definition(db, workflow.id, 2).name == "Lost"
        raise ZeroDivisionError
    library.apply(db, otto, PLAIN.replace("Tidy up", "Kept"))
    assert version_rows.definition(db, workflow.id, 2).name == "Kept"
