"""Webhooks in the browser: made, posted to, looked at, replayed."""

import urllib.request

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens

TITLE = "Look at ${{ body.subject }}"


def post(address: str, body: str) -> None:
    headers = {"content-type": "application/json", "authorization": "Bearer something"}
    urllib.request.urlopen(urllib.request.Request(address, body.encode(), headers), timeout=10)


def make(page: Page, name: str, signed: str = "") -> str:
    """Its address."""
    page.get_by_role("link", name="New webhook").first.click()
    page.get_by_text("Start a task").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Title of the task").fill(TITLE)
    if signed:
        page.get_by_label("Signed the way of").select_option(signed)
    page.get_by_role("button", name="Make the address").click()
    return page.locator("code.secret").first.inner_text()


def test_a_webhook_is_made_used_and_replayed(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/hooks")
    opened.judge()
    address = make(page, "Ticket desk")
    assert "/hooks/hook_" in address
    opened.judge()
    page.get_by_role("link", name="I have copied it").click()
    assert address not in page.content()
    post(address, '{"subject": "the printer", "rows": [1, 2, 3]}')
    expect(page.locator("#deliveries")).to_contain_text("Accepted")
    opened.judge()
    page.locator("#deliveries tbody a").first.click()
    expect(page.locator(".whole pre")).to_contain_text("the printer")
    expect(page.get_by_text("Bearer")).to_have_count(0)
    opened.judge()
    page.get_by_label("Once more, though it had an effect").check()
    page.get_by_role("button", name="Replay").click()
    page.locator("[data-confirm-agree]").click()
    expect(page.locator("h1")).to_contain_text("was made")
    expect(page.get_by_text("an earlier one")).to_be_visible()
    opened.judge()


def test_what_was_typed_stays_beside_the_fault(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/hooks/new?kind=task")
    page.get_by_label("Name", exact=True).fill("Wrong")
    page.get_by_label("Title of the task").fill("${{ boddy.x }}")
    page.get_by_role("button", name="Make the address").click()
    expect(page.locator("#title-error")).to_contain_text("boddy")
    expect(page.get_by_label("Title of the task")).to_have_value("${{ boddy.x }}")
    opened.complaints[:] = [said for said in opened.complaints if "Failed to load resource" not in said]
    opened.judge()


def test_a_body_is_tried_and_the_secret_renewed(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/hooks")
    make(page, "Signed desk", "github")
    page.get_by_role("link", name="I have copied both").click()
    page.get_by_label("Body as JSON").fill('{"subject": "A"}')
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#try .flash")).to_contain_text("Nothing was kept")
    opened.judge()
    page.get_by_text("New secret").click()
    page.get_by_role("button", name="Change it").click()
    expect(page.locator("code.secret")).to_have_count(1)
    opened.judge()
