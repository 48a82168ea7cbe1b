"""Agents in a browser: hired, changed, compared, paused and let go."""

from playwright.sync_api import expect

from tests.browser.conftest import Opens


def test_an_agent_from_hiring_to_leaving(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/agents")
    page.get_by_role("link", name="New agent").click()
    page.get_by_label("Name", exact=True).fill("Ada Byron")
    page.get_by_label("Title").fill("Analyst")
    page.get_by_label("Slug").fill("ada")
    page.get_by_label("Model").select_option("sim-swift")
    page.get_by_label("Manager", exact=True).select_option("noor")
    page.get_by_label("Instructions").fill("Count things.\nSay how sure you are.")
    opened.judge()
    page.get_by_role("button", name="Create the agent").click()
    expect(page.locator("h1")).to_have_text("Ada Byron")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Instructions").fill("Count things.\nSay how sure you are, in percent.")
    page.get_by_role("button", name="Save a new revision").click()
    page.get_by_role("link", name="Revision 2").click()
    expect(page.locator(".output .good")).to_have_text("+Say how sure you are, in percent.")
    opened.judge()
    page.get_by_role("link", name="ada").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#agent-head .pill").first).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Remove").click()
    page.locator("[data-confirm-typed]").fill("ada")
    page.locator("[data-confirm-agree]").click()
    expect(page.get_by_text("The agent was removed.")).to_be_visible()
    expect(page.get_by_role("link", name="Ada Byron")).to_have_count(0)


def test_the_slug_follows_the_name_until_one_is_typed(tab: Opens) -> None:
    page = tab().open("/agents/new")
    name, slug = page.get_by_label("Name", exact=True), page.get_by_label("Slug")
    name.press_sequentially("Zoë Groß")
    expect(slug).to_have_value("zoe-gross")
    slug.fill("zoe")
    name.press_sequentially("mann")
    expect(slug).to_have_value("zoe")


def test_an_agent_is_given_a_task_from_its_page(tab: Opens) -> None:
    page = tab().open("/agents/mara")
    page.get_by_role("link", name="Give a task").click()
    expect(page.get_by_label("Assignee")).to_have_value("mara")
