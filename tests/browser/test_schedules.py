"""Schedules in a browser: made with a preview, run by hand, paused with a reason, filled in, removed."""

from playwright.sync_api import expect

from tests.browser.conftest import Opens


def test_a_schedule_from_its_form_to_its_end(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/schedules")
    page.get_by_role("link", name="New schedule").first.click()
    page.get_by_label("Name", exact=True).fill("Night job")
    expect(page.get_by_label("Slug")).to_have_value("night-job")
    page.get_by_label("By a cron expression").check()
    page.get_by_label("Cron expression", exact=True).fill("30 2 * * *")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Begins").fill("2027-03-27")
    page.get_by_label("Begins").press("Tab")
    expect(page.locator("#preview")).to_contain_text("it runs at 03:00, when the gap ends")
    page.get_by_label("What is to be done").fill("Tidy up")
    opened.judge()
    page.get_by_role("button", name="Schedule it").click()
    expect(page.locator("h1")).to_have_text("Night job")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#ticks .pill").first).to_have_text("At work")
    page.get_by_label("Why", exact=False).last.fill("Not in spring")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: Not in spring")).to_be_visible()
    opened.judge()
    page.get_by_label("From").fill("2026-11-01")
    page.get_by_label("To, not included").fill("2026-11-04")
    page.get_by_role("button", name="Count them").click()
    page.get_by_label("How many, to confirm").fill("3")
    # Chromium complains of the 422 that asks for the number.
    opened.complaints.clear()
    page.get_by_role("button", name="Run them").click()
    expect(page.get_by_text("3 times of the past are run.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Remove").click()
    page.locator("[data-confirm-typed]").fill("night-job")
    page.locator("[data-confirm-agree]").click()
    expect(page.get_by_text("The schedule is removed.")).to_be_visible()


def test_the_room_is_a_key_away(tab: Opens) -> None:
    page = tab().open("/board")
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.locator("h1")).to_have_text("Schedules")
