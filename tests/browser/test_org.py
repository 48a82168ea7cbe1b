"""The org chart in a browser: moved by drag, walked with the keyboard, folded, sized, and read on a phone."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.tab import Tab


def hire(opened: Tab, slug: str, name: str, manager: str = "") -> None:
    api = f"{opened.box.link.origin}/api/v1/t/northwind/agents"
    body = {"slug": slug, "name": name, "instructions": "Work.", "model": "simulated", "title": "Clerk"}
    made = opened.page.request.post(api, data=body | ({"manager": manager} if manager else {}))
    assert made.ok or made.status == 409, made.text()


def seat(page: Page, slug: str) -> object:
    return page.locator(f".seat-link[data-agent='{slug}']")


def test_an_agent_is_dragged_onto_its_new_manager_and_to_the_top(tab: Opens) -> None:
    opened = tab()
    hire(opened, "drag-boss", "Drag Boss")
    hire(opened, "drag-me", "Drag Me")
    page = opened.open("/agents/chart")
    page.locator(".seat-link[data-agent='drag-me'] rect").drag_to(
        page.locator(".seat-link[data-agent='drag-boss'] rect")
    )
    expect(page.get_by_text("Drag Me moved, with everybody below.")).to_be_visible()
    expect(seat(page, "drag-me")).to_have_attribute("data-manager", "drag-boss")  # type: ignore[arg-type]
    opened.judge()
    page.locator(".seat-link[data-agent='drag-me'] rect").hover()
    page.mouse.down()
    page.mouse.move(600, 400)
    page.locator(".chart-top").hover()
    page.mouse.up()
    expect(seat(page, "drag-me")).to_have_attribute("data-manager", "")  # type: ignore[arg-type]


def test_a_drag_that_would_make_a_circle_is_told(tab: Opens) -> None:
    opened = tab()
    hire(opened, "ring-boss", "Ring Boss")
    hire(opened, "ring-two", "Ring Two", "ring-boss")
    page = opened.open("/agents/chart")
    page.locator(".seat-link[data-agent='ring-boss'] rect").drag_to(
        page.locator(".seat-link[data-agent='ring-two'] rect")
    )
    expect(page.get_by_text("report to itself")).to_be_visible()


def test_the_tree_is_walked_with_the_arrow_keys(tab: Opens) -> None:
    opened = tab()
    hire(opened, "key-boss", "Key Boss")
    hire(opened, "key-a", "Key A", "key-boss")
    hire(opened, "key-b", "Key B", "key-boss")
    page = opened.open("/agents/chart")
    page.locator(".seat-link[data-agent='key-boss']").focus()
    for key, slug in (("ArrowDown", "key-a"), ("ArrowRight", "key-b"), ("ArrowLeft", "key-a"), ("ArrowUp", "key-boss")):
        page.keyboard.press(key)
        expect(seat(page, slug)).to_be_focused()  # type: ignore[arg-type]
    page.keyboard.press("Enter")
    page.wait_for_url("**/agents/key-boss")


def test_keys_and_buttons_change_its_size_and_branches_fold(tab: Opens) -> None:
    opened = tab()
    hire(opened, "fold-boss", "Fold Boss")
    hire(opened, "fold-a", "Fold A", "fold-boss")
    page = opened.open("/agents/chart")
    page.keyboard.press("-")
    page.wait_for_url("**zoom=80")
    page.keyboard.press("0")
    page.wait_for_url("**/agents/chart")
    page.get_by_role("link", name="Hide the 1 below Fold Boss").click()
    page.wait_for_url("**closed=fold-boss")
    expect(page.locator("[data-agent='fold-a']")).to_have_count(0)
    opened.judge()


def test_a_phone_shows_a_list(tab: Opens) -> None:
    opened = tab(phone=True)
    page = opened.open("/agents/chart")
    expect(page.locator(".chart-svg")).to_be_hidden()
    expect(page.locator(".chart-list")).to_be_visible()
    opened.judge()


def test_wakes_are_filtered_and_a_chain_opens(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/activity/wakes")
    opened.judge()
    page.get_by_label("What became of it").select_option("run")
    page.wait_for_url("**state=run**")
    page.locator(".wakes a[href*='chain=']").first.click()
    expect(page.get_by_role("heading", name="The chain")).to_be_visible()
    opened.judge()
