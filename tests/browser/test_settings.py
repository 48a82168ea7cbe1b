from playwright.sync_api import expect

from tests.browser.conftest import Opens


def test_a_key_is_shown_once(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings")
    keys = page.get_by_role("link", name="Keys")
    if keys.count():
        keys.first.click()
    page.get_by_label("Name", exact=True).last.fill("laptop")
    page.get_by_role("button", name="key").last.click()
    secret = page.get_by_text("ahq_").first
    expect(secret).to_be_visible()
    shown = secret.inner_text()
    opened.judge()
    page.reload()
    assert shown not in page.content()
