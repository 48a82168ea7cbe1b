"""The page of a run: its steps whole, its claims, why it stopped and what can be done; the list of runs."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from appliance.domain import runs
from appliance.domain.run_codes import CODES
from appliance.domain.runs import Run
from appliance.domain.steps import Message
from tests.domain.run_scenes import Scene, long_text
from tests.web import work
from tests.world import Browser, World


@pytest.fixture
def scene(world: World) -> Iterator[Scene]:
    work.connect(world)
    work.hire(world)
    task = work.hand_out(world, assignee="mara", start=False)
    with world.db() as db:
        yield Scene(db, world.catalogue.files(world.acme.id), world.alice.actor, task)


def page(browser: Browser, run: Run) -> str:
    return browser.get(f"{browser.pages}/runs/{run.id}").text


def words(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def test_a_failed_run_says_what_happened_what_to_do_and_offers_it(world: World, scene: Scene) -> None:
    run = scene.failed()
    shown = page(world.otto, run)
    told = words(shown)
    assert "The provider refused the key" in told
    assert "Put a valid key into this provider and test it." in told
    assert "Go on from the last step" in told and "Start over" in told
    assert f'action="{world.otto.pages}/runs/{run.id}/fork"' in shown
    assert "Code provider_auth" in told


def test_each_step_tells_its_effect_claim_and_cost(world: World, scene: Scene) -> None:
    told = words(page(world.alice, scene.failed()))
    assert "One piece with its record: it happened once" in told
    assert "Safe to do again" in told
    assert "claim 1" in told
    assert "$0.0041" in told
    assert "3 tries" in told


def test_running_again_from_a_step_says_what_comes_again(world: World, scene: Scene) -> None:
    shown = page(world.alice, scene.failed())
    assert "Run again from workspace.write?" in shown
    assert "2 steps before it are taken over and cost nothing again. Done anew: workspace.write, model call." in shown


def test_a_fork_is_queued_from_the_page_and_both_runs_name_each_other(world: World, scene: Scene) -> None:
    run = scene.failed()
    here = f"{world.otto.pages}/runs"
    made = world.otto.post(f"{here}/{run.id}/fork", data={"from": "workspace.write"})
    newest = runs.of_task(scene.db, run.task_id)[0]
    assert (made.status_code, made.headers["location"]) == (303, f"{here}/{newest.id}")
    assert "Goes on from run 1 , at workspace.write" in words(page(world.alice, newest))
    assert "taken over" in page(world.alice, newest)
    assert "Went on as run 2 , from workspace.write" in words(page(world.alice, run))
    refused = world.otto.post(f"{here}/{run.id}/fork", data={"from": "model"}, follow_redirects=True)
    assert "has an open run already" in refused.text


def test_a_fork_over_http(world: World, scene: Scene) -> None:
    run = scene.failed()
    address = f"{world.otto.api}/runs/{run.id}/fork"
    assert world.otto.post(address, json={"from": "nothing"}).status_code == 404
    assert world.otto.post(address, json={"step": "model"}).status_code == 400
    made = world.otto.post(address, json={"from": "model#2"})
    assert made.status_code == 201
    assert (made.json()["fork_of"], made.json()["fork_key"], made.json()["cost_nano"]) == (run.id, "model#2", 0)
    assert world.otto.post(address, json={}).status_code == 409


def test_what_is_long_is_fetched_from_the_steps_own_address(world: World, scene: Scene) -> None:
    text = long_text(50_000)
    with scene.db.transaction():
        run = scene.begin()
        scene.record(run, "workspace.write", {"path": "a.md", "content": text}, Message("tool", "wrote a.md"))
    shown = page(world.alice, run)
    assert len(shown) < 40_000
    assert re.search(r"Show all <span class=\"num\">5\d\.\d kB", shown)
    address = f"{world.alice.pages}/runs/{run.id}/steps/workspace.write"
    whole = world.alice.get(address).text
    assert text[-30:] in whole and "wrote a.md" in whole and "<nav" in whole
    part = world.alice.get(address, headers={"hx-request": "true", "hx-target": "div#whole"}).text
    assert text[-30:] in part and "<nav" not in part


def test_a_model_step_shows_what_it_read_and_said(world: World, scene: Scene) -> None:
    run = scene.failed()
    shown = words(world.alice.get(f"{world.alice.pages}/runs/{run.id}/steps/model").text)
    assert "Instructions Your name is Mara." in shown
    assert "Told Task: write to Bob" in shown
    assert "Answered I write it down first." in shown
    assert "Called workspace.write" in shown
    assert world.alice.get(f"{world.alice.pages}/runs/{run.id}/steps/model%232").status_code == 200
    assert world.alice.get(f"{world.alice.pages}/runs/{run.id}/steps/nothing").status_code == 404


def test_a_lost_worker_is_told_beside_the_next(world: World, scene: Scene) -> None:
    told = words(page(world.alice, scene.crashed()))
    assert "Claim 1 the worker was lost" in told
    assert "by 4711-lost" in told
    assert "Claim 2 at work now" in told
    assert "Time limit" in told


def test_a_wait_counts_down_in_its_own_step(world: World, scene: Scene) -> None:
    shown = page(world.alice, scene.resting(3600))
    assert 'data-show="left"' in shown
    assert "Waits 1 h 0 min" in words(shown)
    assert words(shown).count("Waits ") == 1


@pytest.mark.parametrize(
    ("reason", "detail", "said", "offered"),
    [
        ("mismatch", "The step b came before a.", "no longer does what its log says", "Choose a step"),
        ("poison", CODES["poison"].sentence, "The worker died five times", "Go on from the last step"),
        ("version", "Update it.", "another version of this program", "Go on from the last step"),
    ],
)
def test_a_parked_run_says_why_and_offers_what_fits(
    world: World, scene: Scene, reason: str, detail: str, said: str, offered: str
) -> None:
    told = words(page(world.otto, scene.parked(reason, detail)))
    for text in (said, offered, "Start over", "End the run"):
        assert text in told
    assert told.count(said) == 1


def test_ending_a_parked_run_gives_its_task_back(world: World, scene: Scene) -> None:
    run = scene.parked("mismatch", "The step b came before a.")
    world.otto.post(f"{world.otto.pages}/runs/{run.id}/cancel")
    assert runs.get(scene.db, run.id).state == "cancelled"
    assert world.otto.get(f"{world.otto.api}/tasks/1").json()["state"] == "todo"


def test_a_viewer_sees_everything_and_no_button(world: World, scene: Scene) -> None:
    run = scene.failed()
    shown = page(world.bob, run)
    assert "Put a valid key" in shown and "/fork" not in shown and "/retry" not in shown
    assert world.bob.post(f"{world.bob.pages}/runs/{run.id}/fork").status_code == 403
    assert world.bob.post(f"{world.bob.api}/runs/{run.id}/fork", json={}).status_code == 403


def test_nothing_an_agent_wrote_runs(world: World, scene: Scene) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    with scene.db.transaction():
        run = scene.begin()
        scene.record(run, attack, {"path": attack, "content": attack, attack: attack}, Message("tool", attack))
    for path in ("", "/steps/%3Cscript%3Ealert(1)%3C/script%3E%3Cimg%20src=x%20onerror=alert(1)%3E"):
        answer = world.alice.get(f"{world.alice.pages}/runs/{run.id}{path}")
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text and "<img" not in answer.text


def test_the_list_of_runs_filters_in_its_address(world: World, scene: Scene) -> None:
    here = f"{world.alice.pages}/runs"
    assert "No run yet" in world.alice.get(here).text
    run = scene.failed()
    assert f"{here}/{run.id}" in world.alice.get(here).text
    assert f"{here}/{run.id}" in world.alice.get(f"{here}?state=failed&agent=mara").text
    assert "Nothing matches" in world.alice.get(f"{here}?state=ready").text
    assert world.alice.get(f"{here}?state=odd").status_code == 400
    assert "/runs?agent=mara" in world.alice.get(f"{world.alice.pages}/agents/mara").text


def test_the_list_of_runs_goes_on_by_key(world: World, scene: Scene) -> None:
    for _ in range(52):
        scene.db.update("tasks", {"id": scene.task.id}, run_id=None)
        scene.failed()
    first = world.alice.get(f"{world.alice.pages}/runs?state=failed&agent=mara").text
    [older] = re.findall(r'href="([^"]+)" rel="next"', first)
    assert "state=failed" in older
    assert world.alice.get(older.replace("&amp;", "&")).text.count("run 2</span>") == 1


@pytest.mark.parametrize("path", ["", "/steps/model", "/fork", "/cancel"])
def test_charlie_gets_404(world: World, scene: Scene, path: str) -> None:
    run = scene.failed()
    ask = world.charlie.post if path in ("/fork", "/cancel") else world.charlie.get
    for base in (world.alice.pages, world.charlie.pages):
        assert ask(f"{base}/runs/{run.id}{path}").status_code == 404
    assert world.charlie.post(f"{world.charlie.api}/runs/{run.id}/fork", json={}).status_code == 404
    assert run.id not in world.charlie.get(f"{world.charlie.pages}/runs").text
