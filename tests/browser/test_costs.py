import re

from playwright.sync_api import expect

from tests.browser.conftest import Opens


def test_every_simulated_figure_is_marked(tab: Opens) -> None:
    page = tab().open("/costs")
    amounts = page.locator(".kpi").filter(has=page.locator(".value", has_text="$"))
    assert amounts.count() >= 2
    for n in range(amounts.count()):
        expect(amounts.nth(n)).to_contain_text("simulated")


def test_the_chart_has_its_table_and_days_are_chosen_by_a_link(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/costs")
    page.locator("#spend-table summary").click()
    expect(page.locator("#spend-table tbody tr")).to_have_count(30)
    page.get_by_role("link", name="90 days").click()
    page.wait_for_url(re.compile("window=90"))
    page.locator("#spend-table summary").click()
    expect(page.locator("#spend-table tbody tr")).to_have_count(90)
    opened.judge()


def test_pointing_at_the_chart_tells_the_day(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/costs?window=90")
    if page.locator(".plotted").count():
        page.locator(".u-over").hover()
        expect(page.locator(".u-legend .u-value").nth(1)).to_contain_text("$")
    opened.judge()


def test_a_figure_says_how_it_is_calculated(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/costs")
    page.locator("#how-spent summary").click()
    expect(page.get_by_text("The sum of what each of")).to_be_visible()
    opened.judge()


def test_costs_are_broken_down_by_a_link_and_narrowed_by_another(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/costs")
    page.get_by_role("link", name="Agent", exact=True).click()
    page.wait_for_url(re.compile("by=agent"))
    page.locator("#breakdown tbody a.title").first.click()
    page.wait_for_url(re.compile("agent="))
    page.get_by_role("link", name=re.compile("show all again")).click()
    expect(page.get_by_role("link", name=re.compile("show all again"))).to_have_count(0)
    opened.judge()


def test_what_if_is_worked_out_on_its_page(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/costs/compare")
    page.get_by_label("… all calls had gone to").select_option("Simulated/sim-swift")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#what-if [role=status]")).to_contain_text("answered calls could have gone there")
    opened.judge()


def test_a_large_file_is_made_beside_the_work_and_fetched(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/costs/exports")
    page.get_by_role("button", name="Make the file").click()
    expect(page.get_by_role("link", name="Download").first).to_be_visible(timeout=45_000)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").first.click()
    assert waiting.value.path().read_text().startswith("id,run_id,")
    opened.judge()


def test_the_ledger_downloads_as_csv(tab: Opens) -> None:
    page = tab().open("/costs")
    page.locator(".top summary").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Calls as CSV").click()
    text = waiting.value.path().read_text()
    assert text.startswith("id,run_id,") and "sim-standard" in text


def test_a_call_explains_itself(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/costs/calls")
    # Other tests of this box let a tool make calls that cost money.
    page.get_by_role("link", name=re.compile("^sim-")).first.click()
    page.get_by_text("How is this calculated?").first.click()
    expect(page.get_by_text("no money was spent").first).to_be_visible()
    opened.judge()


def test_a_wrong_limit_is_told_beside_its_field(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/budgets")
    page.get_by_label("US dollars", exact=True).fill("a lot")
    page.get_by_role("button", name="Set limit").click()
    field = page.get_by_label("US dollars", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("a lot")
    expect(field).to_be_focused()
    expect(page.get_by_text("give an amount in US dollars")).to_be_visible()
    # The browser itself reports a refused form as an error.
    opened.complaints[:] = [said for said in opened.complaints if "422" not in said]
    opened.judge()


def test_removing_a_limit_asks_first(tab: Opens) -> None:
    page = tab().open("/budgets")
    page.get_by_label("For", exact=True).select_option("agent:ivo")
    page.get_by_label("Over").select_option("day")
    page.get_by_label("US dollars", exact=True).fill("3")
    page.get_by_role("button", name="Set limit").click()
    row = page.locator(".limit").filter(has_text="Ivo Tran · a day")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Keep as it is").click()
    expect(row).to_be_visible()
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove limit").click()
    expect(page.get_by_text("The budget is removed.")).to_be_visible()
    expect(row).to_have_count(0)
