"""Runs in a browser: every state is looked at; steps run again, values fetched, lists filtered, waits counted down."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from appliance.cli.desk import CLI, Desk
from appliance.domain import agents, runs, tasks
from appliance.domain.agent_forms import NewAgent
from appliance.domain.runs import Run
from tests.browser.box import Box
from tests.browser.conftest import Opens
from tests.browser.tab import Tab
from tests.browser.test_board import hand_out
from tests.domain.run_scenes import Scene, long_text

Stage = Callable[[Tab, str], Scene]
VARIANTS = [("light", False), ("dark", False), ("light", True)]


@pytest.fixture
def stage(box: Box) -> Iterator[Stage]:
    """`stage(tab, title)`: a task of Robin's whose runs the test makes beside the running server."""
    with Desk({"data": str(box.folder)}).room(None) as room:
        if not any(agent.slug == "robin" for agent in agents.all(room.db)):
            robin = NewAgent("robin", "Robin Vale", "Write letters.", "sim-standard", max_concurrency=50)
            agents.create(room.db, CLI, robin)

        def made(tab: Tab, title: str) -> Scene:
            number = hand_out(tab, title, assignee="robin", start=False, body="sim: say Done.")
            files = next((box.folder / "tenants").glob("*/files"))
            return Scene(room.db, files, CLI, tasks.get(room.db, str(number)))

        yield made


def failed(scene: Scene) -> Run:
    return scene.failed()


def parked(scene: Scene) -> Run:
    return scene.parked("mismatch", "The step letter came before model, which was done earlier.")


def resting(scene: Scene) -> Run:
    return scene.resting(5000)


def crashed(scene: Scene) -> Run:
    return scene.crashed()


@pytest.mark.parametrize(("theme", "phone"), VARIANTS, ids=["light", "dark", "phone"])
@pytest.mark.parametrize("make", [failed, parked, resting, crashed])
def test_a_run_in_every_state_is_readable_and_fits(
    tab: Opens, stage: Stage, make: Callable[[Scene], Run], theme: str, phone: bool
) -> None:
    opened = tab(theme, phone)
    run = make(stage(opened, f"Letter to Bob, {make.__name__}"))
    page = opened.open(f"/runs/{run.id}")
    for summary in page.locator(".more-of > summary").all():
        summary.click()
    opened.judge()
    opened.open(f"/tasks/{run.task_id}")
    opened.judge()


def test_a_step_is_run_again_after_a_dialog_that_names_what_comes_again(tab: Opens, stage: Stage) -> None:
    opened = tab()
    run = stage(opened, "Write once more").failed()
    page = opened.open(f"/runs/{run.id}")
    page.locator("#step-3 summary").press("Enter")
    page.locator("#step-3").get_by_role("button", name="Run again from here").press("Enter")
    dialog = page.locator("#ask-first")
    expect(dialog).to_contain_text("Run again from workspace.write?")
    expect(dialog).to_contain_text("2 steps before it are taken over and cost nothing again.")
    opened.judge()
    page.locator("[data-confirm-agree]").press("Enter")
    expect(page.locator("#run-side")).to_contain_text("Goes on from")
    expect(page.locator("#steps")).to_contain_text("taken over")
    expect(page.locator("#run-head .pill")).to_have_text("Succeeded", timeout=20_000)
    opened.judge()
    page.get_by_role("link", name="run 1").click()
    expect(page.locator("#run-side")).to_contain_text("Went on as")


def test_a_long_value_is_fetched_when_it_is_wanted(tab: Opens, stage: Stage) -> None:
    opened = tab()
    scene = stage(opened, "A long letter")
    with scene.db.transaction():
        run = scene.begin()
        scene.record(run, "workspace.write", {"path": "a.md", "content": long_text(30_000)})
    page = opened.open(f"/runs/{run.id}")
    page.locator(".more-of > summary").click()
    assert "Line 1000 of a long text." not in page.content()
    page.get_by_role("link", name="Show all").click()
    whole = page.locator("#step-whole")
    expect(whole).to_contain_text("Line 1000 of a long text.")
    opened.judge()
    page.keyboard.press("Escape")
    expect(whole).to_be_hidden()
    assert page.url.endswith(f"/runs/{run.id}")


def test_a_wait_counts_down_and_ends_live(tab: Opens, stage: Stage) -> None:
    opened = tab()
    scene = stage(opened, "Rest a little")
    run = scene.resting(3)
    page = opened.open(f"/runs/{run.id}")
    left = page.locator("#steps time[data-show=left]")
    expect(left).to_have_text("in 1 s", timeout=10_000)
    expect(left).to_have_count(0, timeout=15_000)
    assert runs.get(scene.db, run.id).state != "waiting"


def test_the_list_is_filtered_by_state_and_agent_in_its_address(tab: Opens, stage: Stage) -> None:
    opened = tab()
    run = stage(opened, "A letter that failed").failed()
    page = opened.open("/activity")
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_label("State").select_option("failed")
    page.wait_for_url("**state=failed**")
    page.get_by_label("Agent").select_option("robin")
    page.wait_for_url("**agent=robin**")
    opened.judge()
    page.get_by_role("link", name="A letter that failed").click()
    assert page.url.endswith(run.id)
    page.go_back()
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("#runs tbody tr").nth(5)).to_be_visible()


@pytest.mark.parametrize(("theme", "phone"), VARIANTS, ids=["light", "dark", "phone"])
def test_the_card_of_a_step_in_doubt_is_readable_everywhere(tab: Opens, stage: Stage, theme: str, phone: bool) -> None:
    opened = tab(theme, phone)
    scene = stage(opened, "Was it sent?")
    asked = scene.in_doubt()
    for path in (f"/runs/{asked.run_id}", f"/tasks/{scene.task.number}", f"/approvals/{asked.id}", "/inbox"):
        page = opened.open(path)
        expect(page.get_by_text("This may already have happened").first).to_be_visible()
        opened.judge()


def test_a_step_in_doubt_is_decided_on_the_run_and_live_elsewhere(tab: Opens, stage: Stage) -> None:
    opened, other = tab(), tab("dark")
    scene = stage(opened, "Did Bob get it?")
    asked = scene.in_doubt()
    watched = other.open(f"/tasks/{scene.task.number}")
    page = opened.open(f"/runs/{asked.run_id}")
    page.get_by_role("button", name="Run it again").press("Enter")
    expect(page.locator("#ask-first")).to_contain_text("it will then have happened twice")
    page.get_by_role("button", name="Keep as it is").press("Enter")
    page.get_by_label("It happened").fill("Sent, id 4711.")
    page.get_by_role("button", name="It happened").press("Enter")
    expect(page.locator(".flash")).to_contain_text("Approved")
    expect(page.locator("#run-asked")).to_be_hidden()
    expect(page.locator("#steps")).to_contain_text("Confirmed")
    expect(watched.locator("#task-approvals")).to_be_hidden(timeout=10_000)
    opened.judge()
