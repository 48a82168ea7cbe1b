"""A step that may have happened: the card says what it was, and what a person finds is what the run goes on with."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from appliance.domain import approvals, runs, steps
from appliance.domain.approvals import Approval
from tests.domain.run_scenes import Scene
from tests.web import work
from tests.world import Browser, World


@pytest.fixture
def scene(world: World) -> Iterator[Scene]:
    work.connect(world)
    work.hire(world)
    task = work.hand_out(world, assignee="mara", start=False)
    with world.db() as db:
        yield Scene(db, world.catalogue.files(world.acme.id), world.alice.actor, task)


def sent(scene: Scene, asked: Approval) -> str:
    return next(s.state for s in steps.of_run(scene.db, str(asked.run_id)) if s.key == "mail.send")


def decide(browser: Browser, asked: Approval, verb: str, **fields: str) -> str:
    answer = browser.post(f"{browser.pages}/approvals/{asked.id}/{verb}", data={"back": "run", **fields})
    assert answer.status_code == 303
    return answer.headers["location"]


def test_what_may_have_happened_is_not_repeated_in_passing(world: World, scene: Scene) -> None:
    asked = scene.in_doubt()
    answer = world.otto.post(f"{world.otto.api}/tasks/{scene.task.id}/retry")
    assert (answer.status_code, "Decide that first" in answer.json()["detail"]) == (409, True)
    assert approvals.get(scene.db, asked.id).state == "pending"


@pytest.mark.parametrize("where", ["tasks/1", "runs/{run_id}", "inbox", "approvals/{id}"])
def test_the_card_stands_wherever_the_work_is_looked_at(world: World, scene: Scene, where: str) -> None:
    asked = scene.in_doubt()
    address = where.format(id=asked.id, run_id=asked.run_id)
    shown = world.otto.get(f"{world.otto.pages}/{address}").text
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown)))
    assert "may already have happened" in told
    assert "bob@globex.test" in told and "Dear Bob" in told
    assert "the run goes on and reads what you write here" in told
    for choice in ("It happened", "Run it again", "End the run"):
        assert told.count(choice) >= 1
    assert f'action="{world.otto.pages}/approvals/{asked.id}/approve"' in shown
    assert "/retry" not in shown, "nothing offers to do it again unasked"


def test_it_happened_goes_on_with_what_was_found(world: World, scene: Scene) -> None:
    asked = scene.in_doubt()
    here = f"{world.otto.pages}/runs/{asked.run_id}"
    assert decide(world.otto, asked, "approve", option="done", note="Sent, id 4711.") == here
    assert (sent(scene, asked), runs.get(scene.db, str(asked.run_id)).state) == ("confirmed", "ready")
    step = next(s for s in steps.of_run(scene.db, str(asked.run_id)) if s.key == "mail.send")
    assert step.result["answer"] == "Sent, id 4711."
    shown = world.otto.get(here).text
    assert "Confirmed" in shown and "may already have happened" not in shown


def test_run_it_again_does_it_again(world: World, scene: Scene) -> None:
    asked = scene.in_doubt()
    decide(world.otto, asked, "approve", option="again")
    assert (sent(scene, asked), runs.get(scene.db, str(asked.run_id)).state) == ("again", "ready")


def test_end_the_run_leaves_the_step_as_it_is(world: World, scene: Scene) -> None:
    asked = scene.in_doubt()
    decide(world.otto, asked, "reject")
    assert (sent(scene, asked), runs.get(scene.db, str(asked.run_id)).state) == ("intent", "cancelled")
    assert approvals.get(scene.db, asked.id).state == "rejected"


def test_a_viewer_sees_the_card_and_may_not_decide(world: World, scene: Scene) -> None:
    asked = scene.in_doubt()
    shown = world.bob.get(f"{world.bob.pages}/runs/{asked.run_id}").text
    assert "Deciding this needs the role operator; you are viewer." in shown
    assert shown.count(f'disabled aria-describedby="why-not-{asked.id}"') == 4
    decide(world.bob, asked, "approve", option="again")
    assert sent(scene, asked) == "intent"


def test_charlie_gets_404(world: World, scene: Scene) -> None:
    asked = scene.in_doubt()
    for base in (world.alice.pages, world.charlie.pages):
        answer = world.charlie.post(f"{base}/approvals/{asked.id}/approve", data={"option": "again"})
        assert answer.status_code == 404
