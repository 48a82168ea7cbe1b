"""Workflows in a browser: looked at everywhere, written, started, followed and decided by keyboard alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from appliance.cli.desk import CLI, Desk, Room
from appliance.domain.instances import rows, starting
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import library
from tests.browser.box import Box
from tests.browser.conftest import Opens
from tests.browser.tab import Tab
from tests.web.flows import ASKS, BROKEN

VARIANTS = [("light", False), ("dark", False), ("light", True)]
CHOSEN = "element => element.value.slice(element.selectionStart, element.selectionEnd)"
SHIP = """slug: ship
name: Ship a change
description: Two look at it, every file is read, a person decides.
inputs:
  type: object
  required: [change]
  properties:
    change: {type: string, title: Change, description: Its number}
    files: {type: array, items: {type: string}, title: Files, default: [a.py, b.py, c.py]}
    reviewers: {type: integer, title: Reviewers, default: 2}
    area: {enum: [core, web], title: Area, default: core}
    urgent: {type: boolean, title: It is urgent}
    notes: {type: string, title: Notes, format: textarea}
steps:
  - id: plan
    approval: May we ship ${{ inputs.change }}?
  - id: look
    map: ${{ inputs.files }}
    do: [{id: seen, approval: "Is ${{ item }} fine?"}]
    needs: []
  - id: big
    when: ${{ inputs.reviewers > 2 }}
    needs: [plan]
    then: [{id: many, wait: 1s}]
    otherwise: [{id: few, wait: 1s}]
  - id: paid
    needs: [big]
    wait: {signal: paid, within: 1d}
"""


@pytest.fixture(scope="module")
def room(box: Box) -> Iterator[Room]:
    """The demo's tenant, with the workflow `ship` in two versions and `asks`."""
    with Desk({"data": str(box.folder)}).room(None) as opened:
        library.apply(opened.db, CLI, SHIP.replace("May we ship", "Ship"))
        library.apply(opened.db, CLI, SHIP)
        library.apply(opened.db, CLI, ASKS)
        yield opened


@pytest.fixture
def begun(room: Room) -> Instance:
    return starting.start(room.db, CLI, "ship", {"change": "#471"})


def press_to(page: Page, name: str, role: str = "button") -> None:
    """Walk by Tab until the control of this name has the focus."""
    wanted = page.get_by_role(role, name=name).first  # type: ignore[arg-type]
    for _ in range(120):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {name}")


@pytest.mark.parametrize(("theme", "phone"), VARIANTS, ids=["light", "dark", "phone"])
def test_every_page_of_workflows_is_readable_and_fits(tab: Opens, begun: Instance, theme: str, phone: bool) -> None:
    opened = tab(theme, phone)
    here = f"/instances/{begun.number}"
    for path in (
        "/workflows",
        "/workflows/new",
        "/workflows/ship",
        "/workflows/ship/edit",
        "/workflows/ship/start",
        "/workflows/ship/versions/1",
        "/workflows/ship/compare?a=1&b=2",
        "/instances",
        here,
        f"{here}?step=plan",
        f"{here}?step=look",
        f"{here}?step=look[1]",
        f"{here}?step=look[1]/seen",
        f"{here}?step=big",
        f"/tasks/{begun.number}",
    ):
        page = opened.open(path)
        for summary in page.locator("details.behind > summary").all():
            summary.click()
        opened.judge()


def test_the_whole_of_it_by_keyboard_alone(tab: Opens, room: Room) -> None:
    opened = tab()
    page = opened.open("/")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url("**/workflows")
    press_to(page, "Ship a change", "link")
    page.keyboard.press("Enter")
    page.wait_for_url("**/workflows/ship")
    page.keyboard.press("n")
    page.wait_for_url("**/workflows/ship/start")
    press_to(page, "Change", "textbox")
    page.keyboard.type("#480")
    press_to(page, "It is urgent", "checkbox")
    page.keyboard.press("Space")
    press_to(page, "Start version 2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/instances/*")
    expect(page.locator(".flash")).to_contain_text("Started as #")
    opened.judge()
    _open_a_step(opened, page)
    _pause_and_go_on(page)
    _approve_and_signal(page)
    opened.judge()


def _open_a_step(opened: Tab, page: Page) -> None:
    node = page.locator("[data-node=plan]")
    for _ in range(80):
        page.keyboard.press("Tab")
        if node.evaluate("element => element === document.activeElement"):
            break
    expect(node).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**step=plan**")
    expect(page.locator("#step-title")).to_have_text("plan")
    expect(page.locator("[data-node=plan]")).to_have_attribute("aria-current", "true")
    opened.judge()


def _pause_and_go_on(page: Page) -> None:
    press_to(page, "Pause")
    page.keyboard.press("Enter")
    expect(page.locator("#instance-head .pill")).to_have_text("Paused")
    press_to(page, "Resume")
    page.keyboard.press("Enter")
    expect(page.locator("#instance-head .pill")).to_have_text("Running")


def _approve_and_signal(page: Page) -> None:
    """The questions come one after the other on the page; the last step waits for a signal."""
    for _ in range(4):
        press_to(page, "Approve")
        page.keyboard.press("Enter")
        expect(page.locator(".flash")).to_contain_text("Approved")
    expect(page.locator("#signal-list")).to_contain_text("waiting for paid", timeout=15_000)
    page.reload()
    press_to(page, "Payload", "textbox")
    page.keyboard.type('{"amount": 5}')
    press_to(page, "Send the signal")
    page.keyboard.press("Enter")
    expect(page.locator("#instance-head .pill")).to_have_text("Succeeded", timeout=15_000)
    expect(page.locator("#signal-list")).to_contain_text("taken by paid")


def test_the_graph_moves_live_and_keeps_its_place(tab: Opens, room: Room, begun: Instance) -> None:
    opened, other = tab(), tab("dark", True)
    page = opened.open(f"/instances/{begun.number}")
    watched = other.open(f"/instances/{begun.number}")
    expect(watched.locator("[data-node=plan]")).to_have_class("node warn")
    region = watched.locator("#graph-scroll")
    region.evaluate("element => { element.scrollLeft = 40 }")
    page.get_by_role("article", name="May we ship #471?").get_by_role("button", name="Approve").click()
    expect(watched.locator("[data-node=plan]")).to_have_class("node good", timeout=10_000)
    assert region.evaluate("element => element.scrollLeft") == 40
    expect(watched.locator("[data-node='big/otherwise/few']")).to_have_class("node good", timeout=15_000)
    assert rows.by_id(room.db, begun.id).state == "running"


def test_a_step_out_of_sight_is_scrolled_to_when_the_keyboard_comes_to_it(tab: Opens, begun: Instance) -> None:
    page = tab(phone=True).open(f"/instances/{begun.number}")
    page.locator("#graph-scroll").focus()
    for _ in range(7):
        page.keyboard.press("Tab")
    focused = page.locator("svg a:focus")
    box, frame = focused.bounding_box(), page.locator("#graph-scroll").bounding_box()
    assert box and frame and frame["x"] <= box["x"] + 1 and box["x"] < frame["x"] + frame["width"]


def test_what_is_typed_is_checked_and_drawn_beside_it(tab: Opens, room: Room) -> None:
    opened = tab()
    page = opened.open("/workflows/new")
    expect(page.locator("#checked")).to_contain_text("No fault")
    page.get_by_label("YAML").fill(BROKEN)
    expect(page.locator(".faults")).to_contain_text("titel", timeout=10_000)
    opened.judge()
    page.get_by_role("button", name="Line 6").press("Enter")
    assert page.get_by_label("YAML").evaluate(CHOSEN).strip() == "titel: x"
    page.get_by_label("YAML").fill(ASKS.replace("slug: asks", "slug: asked"))
    expect(page.locator("[data-node=each]")).to_be_visible(timeout=10_000)
    page.get_by_role("button", name="Save").press("Enter")
    page.wait_for_url("**/workflows/asked")
    expect(page.locator(".flash")).to_contain_text("is ready to start")


def test_faults_of_the_start_form_stand_beside_the_field_and_have_the_focus(tab: Opens, room: Room) -> None:
    opened = tab()
    page = opened.open("/workflows/ship/start")
    page.get_by_label("Change").fill("#1")
    page.get_by_label("Reviewers").evaluate("element => { element.type = 'text'; element.value = '1.5' }")
    page.get_by_role("button", name="Start version 2").click()
    expect(page.locator("[id='in.reviewers-error']")).to_contain_text("whole number")
    expect(page.locator("[id='in.reviewers']")).to_be_focused()
    expect(page.locator("[id='in.change']")).to_have_value("#1")
    # The browser itself tells of the refused form in its console.
    opened.complaints[:] = [one for one in opened.complaints if "422" not in one]
    opened.judge()
