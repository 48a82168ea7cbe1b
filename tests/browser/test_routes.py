from playwright.sync_api import expect

from tests.browser.conftest import Opens


def test_a_route_is_made_tried_with_a_sample_and_removed(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/routes")
    expect(page.get_by_text("No route yet")).to_be_visible()
    opened.judge()
    page.get_by_role("link", name="New route").first.click()
    page.get_by_label("Name", exact=True).fill("house")
    page.get_by_label("Account and model of target 1").fill("Simulated/sim-deep")
    page.get_by_label("Account and model of target 2").fill("Simulated/sim-swift")
    page.get_by_label("Cheapest that is fit").check()
    opened.judge()
    page.get_by_role("button", name="Make the route").click()
    expect(page.get_by_role("heading", name="house")).to_be_visible()
    expect(page.locator("#sample .flash")).to_contain_text("Simulated/sim-swift")
    page.get_by_label("Tokens in").fill("2000000")
    page.get_by_role("button", name="Look").click()
    expect(page.locator("#sample")).to_contain_text("reads 1,000,000 tokens, 2,001,000 are needed")
    opened.judge()
    page.get_by_role("button", name="Remove").click()
    page.locator("[data-confirm-agree]").click()
    expect(page.get_by_text("The route was removed")).to_be_visible()


def test_a_route_with_an_account_that_is_not_there_keeps_what_was_typed(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/routes/new")
    page.get_by_label("Name", exact=True).fill("house")
    page.get_by_label("Account and model of target 1").fill("Nobody/m")
    page.get_by_role("button", name="Make the route").click()
    expect(page.get_by_role("alert")).to_contain_text("there is no account Nobody")
    expect(page.get_by_label("Account and model of target 1")).to_have_value("Nobody/m")
    # The browser notes the status of the refused form.
    opened.complaints.clear()
    opened.judge()
