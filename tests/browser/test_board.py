"""The board in a browser: drag, keyboard, filters, live."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.tab import Tab


def hand_out(opened: Tab, title: str, **more: object) -> int:
    api = f"{opened.box.link.origin}/api/v1/t/northwind/tasks"
    made = opened.page.request.post(api, data={"title": title, **more})
    assert made.ok, made.text()
    return int(made.json()["number"])


def card(page: Page, column: str, number: int) -> object:
    return page.locator(f"#column-{column} #task-{number}")


def test_a_card_is_dragged_to_another_column(tab: Opens) -> None:
    opened = tab()
    number = hand_out(opened, "Drag me to review", assignee="sana", start=False)
    page = opened.open("/board")
    page.locator(f"#task-{number}").drag_to(page.locator("#column-in_review"))
    expect(card(page, "in_review", number)).to_be_visible()
    page.reload()
    expect(card(page, "in_review", number)).to_be_visible()
    opened.judge()


def test_a_card_is_moved_with_the_keyboard(tab: Opens) -> None:
    opened = tab()
    number = hand_out(opened, "Move me with keys", assignee="sana", start=False)
    page = opened.open("/board?q=keys")
    page.get_by_label(f"Move #{number}").focus()
    page.keyboard.press("Enter")
    opened.judge()
    page.get_by_role("button", name="In review").press("Enter")
    page.wait_for_url("**/board?q=keys")
    expect(card(page, "in_review", number)).to_be_visible()


def test_a_new_task_appears_by_itself(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/board")
    expect(page.locator("[data-live-state]")).to_have_attribute("data-live-state", "connected")
    number = hand_out(opened, "I came while you looked", assignee="sana", start=False)
    expect(card(page, "todo", number)).to_be_visible()


def test_a_filter_is_applied_at_once_and_kept_in_the_address(tab: Opens) -> None:
    opened = tab()
    hand_out(opened, "Only for Mara", assignee="mara", start=False)
    page = opened.open("/board")
    page.get_by_label("Assignee").select_option("mara")
    page.wait_for_url("**assignee=mara**")
    expect(page.get_by_text("Only for Mara")).to_be_visible()
    expect(page.locator(".board .face[title]:not([title='Mara Quill'])")).to_have_count(0)
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url("**/board")


def test_the_new_task_key_opens_the_form(tab: Opens) -> None:
    page = tab().open("/board")
    page.keyboard.press("n")
    page.wait_for_url("**/tasks/new")
    expect(page.get_by_label("What is to be done")).to_be_focused()
