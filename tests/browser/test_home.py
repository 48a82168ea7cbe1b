"""Home in a browser: what runs comes and goes by itself, what waits is settled here."""

from playwright.sync_api import expect

from tests.browser.conftest import Opens
from tests.browser.test_board import hand_out


def test_running_work_shows_up_and_leaves(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/")
    expect(page.locator("[data-live-state]")).to_have_attribute("data-live-state", "connected")
    hand_out(opened, "Seen from home", assignee="leo", body="sim: latency 2s\nsim: say Seen.")
    expect(page.locator("#running")).to_contain_text("Seen from home", timeout=15_000)
    expect(page.locator("#finished")).to_contain_text("Seen from home", timeout=15_000)
    expect(page.locator("#running")).not_to_contain_text("Seen from home")
    opened.judge()


def test_a_result_is_accepted_without_leaving(tab: Opens) -> None:
    opened = tab()
    check = {"kind": "human_ack", "spec": {"question": "Fit to send?"}}
    hand_out(opened, "A letter", assignee="sana", body="sim: say Dear all.", checks=[check], priority=3)
    page = opened.open("/")
    waiting = page.locator("#asks li", has_text="Fit to send?")
    expect(waiting).to_be_visible(timeout=20_000)
    waiting.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Accepted.")).to_be_visible()
