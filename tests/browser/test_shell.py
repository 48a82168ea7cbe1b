"""Every page in both themes and on a phone; keys, palette, theme, live state, signing out."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.box import Box
from tests.browser.conftest import Opens
from tests.browser.pages import LOOKS, Look, follow
from tests.browser.tab import Tab

VARIANTS = [("light", False), ("dark", False), ("light", True)]


@pytest.mark.parametrize(("theme", "phone"), VARIANTS, ids=["light", "dark", "phone"])
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_a_page_is_whole_readable_and_fits(tab: Opens, look: Look, theme: str, phone: bool) -> None:
    opened = tab(theme, phone)
    page = opened.open(look.path)
    follow(page, look)
    # A previewed file may bring headings of its own.
    expect(page.locator("h1:not(.prose h1)")).to_have_count(1)
    opened.judge()


def test_the_rail_leads_to_every_room(tab: Opens) -> None:
    page = tab().open("/")
    # The name, without the count that may stand beside it.
    for name in page.locator(".rail nav a > span:first-of-type").all_inner_texts():
        page.locator(".rail nav a").get_by_text(name, exact=True).click()
        expect(page.locator(".rail nav a[aria-current=page] > span:first-of-type")).to_have_text(name)


def test_letters_go_to_rooms_and_slash_to_the_search(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/")
    for keys, path in (("gc", "/costs"), ("ga", "/agents"), ("gb", "/board"), ("gh", "/")):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(f"**/t/northwind{path}")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("gc")
    assert page.url.endswith("/t/northwind/"), "letters typed into a field are text"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    opened.judge()


def test_the_palette_finds_and_runs_a_command(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("cos")
    expect(page.locator("#palette li").first).to_contain_text("Costs")
    opened.judge()
    page.keyboard.press("Enter")
    page.wait_for_url("**/costs")
    page.keyboard.press("Control+k")
    page.keyboard.type("nothing like this")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()


def test_a_chosen_theme_stays(tab: Opens) -> None:
    page = tab("light").open("/costs")
    page.locator(".person summary").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in dark[4:-1].split(",")) < 120


def test_everything_can_be_reached_with_the_tab_key(tab: Opens) -> None:
    page = tab().open("/costs")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none", page.evaluate("document.activeElement.outerHTML")


def test_forms_work_without_scripts(chromium: Browser, box: Box) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(box.link.enter)
    page.goto(f"{box.link.origin}/t/northwind/budgets")
    page.get_by_label("For", exact=True).select_option("agent:mara")
    page.get_by_label("Over").select_option("day")
    page.get_by_label("US dollars", exact=True).fill("7.25")
    page.get_by_role("button", name="Set limit").click()
    expect(page.get_by_text("The budget is set.")).to_be_visible()
    expect(page.get_by_text("of $7.25")).to_be_visible()
    context.close()


def test_a_stranger_is_asked_to_sign_in(tab: Opens) -> None:
    opened = tab(entered=False)
    opened.page.goto(f"{opened.box.link.origin}/t/northwind/costs")
    expect(opened.page.get_by_role("heading", name="Sign in")).to_be_visible()
    opened.judge()


def test_signing_out_ends_the_session(tab: Opens) -> None:
    page = tab().open("/")
    page.locator(".person summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(page.url.split("/login")[0] + "/t/northwind/costs")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_one_person_does_another_sees_without_a_reload(tab: Opens) -> None:
    watcher, doer = tab().open("/activity?kind=budget"), tab().open("/budgets")
    expect(watcher.locator("[data-live-state]")).to_have_attribute("data-live-state", "connected")
    before = watcher.locator(".log li").count()
    doer.get_by_label("Over").select_option("day")
    doer.get_by_label("US dollars", exact=True).fill("99")
    doer.get_by_role("button", name="Set limit").click()
    expect(watcher.locator(".log li")).to_have_count(before + 1)
    expect(watcher.locator(".log li").first).to_contain_text("Alice Moreau changed a budget")


def test_the_live_dot_tells_of_a_server_that_is_gone_and_back(chromium: Browser, tmp_path: Path) -> None:
    own = Box(tmp_path / "data").start()
    tab = Tab(chromium, own).enter()
    page = tab.open("/costs")
    state = page.locator("[data-live-state]")
    expect(state).to_have_attribute("data-live-state", "connected")
    own.stop()
    expect(state).to_have_attribute("data-live-state", "reconnecting", timeout=10_000)
    tab.context.set_offline(True)
    expect(state).to_have_attribute("data-live-state", "offline", timeout=10_000)
    tab.context.set_offline(False)
    own.start()
    expect(state).to_have_attribute("data-live-state", "connected", timeout=20_000)
    tab.close()
    own.stop()
