from playwright.sync_api import expect

from tests.browser.conftest import Opens


def test_an_account_is_added_tested_paused_and_removed(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/providers")
    page.get_by_role("link", name="Add provider").click()
    page.get_by_role("link", name="Simulated provider").click()
    page.get_by_label("Name", exact=True).fill("Play")
    page.get_by_role("button", name="Add and test").click()
    expect(page.get_by_role("heading", name="Play")).to_be_visible()
    expect(page.locator("#state .pill")).to_have_text("OK")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator("#state")).to_contain_text("Answered in")
    page.get_by_role("button", name="Pause").click()
    page.locator("[data-confirm-agree]").click()
    expect(page.locator("#state .pill")).to_have_text("Paused")
    opened.judge()
    page.get_by_role("button", name="Remove").click()
    agree = page.locator("[data-confirm-agree]")
    expect(agree).to_be_disabled()
    page.locator("[data-confirm-typed]").fill("Play")
    agree.click()
    expect(page.get_by_text("The account was removed")).to_be_visible()
    expect(page.get_by_role("link", name="Play", exact=True)).to_have_count(0)


def test_a_failing_test_says_what_to_do_without_leaving_the_page(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/providers/new?kind=openai-compatible")
    page.get_by_label("Name", exact=True).fill("Lab")
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/v1")
    page.get_by_label("API key").fill("sk-lab-0123456789-wxyz")
    page.get_by_label("Models").fill("lab-7b")
    page.get_by_role("button", name="Add and test").click()
    expect(page.locator("#state")).to_contain_text("The provider can't be reached")
    expect(page.locator("#facts")).to_contain_text("••••wxyz")
    assert "sk-lab-0123456789" not in page.content()
    address = page.url
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator("#state .flash")).to_contain_text("Check the base URL")
    assert page.url == address
    opened.judge()


def test_a_price_is_set_for_a_model_without_one(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/providers/new?kind=openai-compatible")
    page.get_by_label("Name", exact=True).fill("Unpriced")
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/v1")
    page.get_by_label("Models").fill("house-model-1")
    page.get_by_role("button", name="Add and test").click()
    expect(page.get_by_text("no price")).to_be_visible()
    page.get_by_label("Input price of house-model-1").fill("0.5")
    page.get_by_label("Output price of house-model-1").fill("1.5")
    page.get_by_role("button", name="Save prices").click()
    expect(page.get_by_text("your price")).to_be_visible()
    opened.judge()


def test_looking_on_this_machine_answers_soon(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/providers/new")
    page.get_by_role("button", name="Look for them").click()
    expect(page.locator("#local")).to_contain_text("on this machine")
    opened.judge()
