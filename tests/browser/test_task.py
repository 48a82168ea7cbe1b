"""A task in a browser: handed out by the form, watched live, judged, and talked about."""

from playwright.sync_api import expect

from tests.browser.conftest import Opens
from tests.browser.test_board import hand_out

SLOW = """sim: latency 1s
sim: tool workspace.write {"path": "hello.md", "content": "# Hello\\n\\n<script>document.title = 'owned'</script>"}
sim: latency 1s
sim: say The greeting is written."""


def test_a_task_is_handed_out_and_watched_to_its_end(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/tasks/new")
    page.get_by_label("What is to be done").fill("Write a greeting")
    page.get_by_label("Everything the agent needs to know").fill(SLOW)
    page.get_by_label("Assignee").select_option("mara")
    page.get_by_label("Check 1").select_option("file_exists")
    page.get_by_label("What", exact=True).first.fill("hello.md")
    opened.judge()
    page.get_by_role("button", name="Hand out the task").click()
    expect(page.locator("h1")).to_have_text("Write a greeting")
    draft = page.get_by_label("Comment", exact=True)
    draft.fill("Half a sent")
    expect(page.locator("#steps")).to_contain_text("workspace.write", timeout=15_000)
    expect(page.locator("#task-head .pill").first).to_have_text("Done", timeout=15_000)
    expect(page.locator("#task-side")).to_contain_text("pass")
    expect(draft).to_have_value("Half a sent")
    page.get_by_text("Preview", exact=True).click()
    expect(page.locator(".preview")).to_contain_text("<script>")
    assert "owned" not in page.title()
    opened.judge()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "hello.md"


def test_running_work_is_cancelled_after_asking(tab: Opens) -> None:
    opened = tab()
    number = hand_out(opened, "Never mind", assignee="leo", body="sim: latency 20s\nsim: say Late.")
    page = opened.open(f"/tasks/{number}")
    expect(page.locator("#steps")).to_contain_text("Working on the next step", timeout=15_000)
    page.get_by_role("button", name="Cancel task").click()
    expect(page.locator("#ask-first")).to_be_visible()
    opened.judge()
    page.locator("[data-confirm-agree]").click()
    expect(page.locator("#task-head .pill").first).to_have_text("Cancelled")
    expect(page.locator("#task-side")).to_contain_text("Cancelled", timeout=10_000)
    page.get_by_role("button", name="Reopen").first.click()
    expect(page.locator("#task-head .pill").first).to_have_text("To do")


def test_a_result_in_review_is_accepted(tab: Opens) -> None:
    opened = tab()
    check = {"kind": "human_ack", "spec": {"question": "Is it kind?"}}
    number = hand_out(opened, "Be kind", assignee="sana", body="sim: say Be kind.", checks=[check])
    page = opened.open(f"/tasks/{number}")
    ask = page.locator("#task-ask")
    expect(ask).to_contain_text("Is it kind?", timeout=20_000)
    opened.judge()
    ask.get_by_role("button", name="Accept").click()
    expect(page.locator("#task-head .pill").first).to_have_text("Done")


def test_a_comment_is_written_and_shown(tab: Opens) -> None:
    opened = tab()
    number = hand_out(opened, "Talk about me")
    page = opened.open(f"/tasks/{number}")
    page.get_by_label("Comment", exact=True).fill("Looks **good**.")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator("#comment-list strong")).to_have_text("good")
    opened.judge()


def test_a_refused_form_puts_the_cursor_on_the_fault(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/tasks/new")
    page.get_by_label("What is to be done").fill("Spend")
    page.get_by_label("Budget in US dollars").fill("a lot")
    page.get_by_role("button", name="Hand out the task").click()
    fault = page.get_by_label("Budget in US dollars")
    expect(fault).to_be_focused()
    expect(fault).to_have_value("a lot")
    opened.complaints.clear()
    opened.judge()


def test_a_check_without_its_value_asks_for_it(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/tasks/new")
    page.get_by_label("What is to be done").fill("Write")
    page.get_by_label("Check 1").select_option("file_exists")
    page.get_by_role("button", name="Hand out the task").click()
    expect(page.get_by_text("Which file must exist?")).to_be_visible()
    expect(page.get_by_label("What", exact=True).first).to_be_focused()
    opened.complaints.clear()
    opened.judge()


def test_a_run_has_its_own_page(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/tasks/16")
    page.get_by_role("link", name="Run 1").click()
    expect(page.locator("#steps")).to_contain_text("workspace.write")
    opened.judge()
