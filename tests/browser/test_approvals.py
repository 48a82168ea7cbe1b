"""Approvals in a browser: decided by a click, by keys, on the task, and live in another tab."""

import pytest
from playwright.sync_api import expect

from appliance.cli.desk import Desk
from appliance.domain import approvals, claims
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval, Ask
from tests.browser.box import Box
from tests.browser.conftest import Opens
from tests.browser.test_board import hand_out
from tests.domain.asking import payload


@pytest.fixture
def desk(box: Box) -> Desk:
    return Desk({"data": str(box.folder)})


def ask(desk: Desk, number: str | int, title: str) -> Approval:
    """Mara's action on a task, asked beside the running server."""
    with desk.room(None) as room, room.db.transaction():
        task = room.db.one("SELECT id, agent_id FROM tasks WHERE number = :n", {"n": int(number)})
        agent = room.db.one("SELECT id FROM agents WHERE slug = 'mara'")
        assert task and agent
        given = Ask("action", title, payload=payload(text="Dear Bob,\nthe invoice is late."), estimate_nano=250_000_000)
        actor = Actor("agent", agent["id"], "Mara Quill", "operator")
        return approvals.ask(room.db, actor, given, task_id=task["id"], agent_id=agent["id"], step_key=title)


def state(desk: Desk, asked: Approval) -> str:
    with desk.room(None) as room:
        assert claims.has_ready(room.db) in (True, False)
        return approvals.get(room.db, asked.id).state


def test_an_action_is_approved_with_one_click_and_shown_live_elsewhere(tab: Opens, desk: Desk) -> None:
    opened, other = tab(), tab("dark")
    number = hand_out(opened, "Remind the customer")
    watched = other.open("/inbox")
    asked = ask(desk, number, "Send the reminder")
    card = watched.locator(f"#approval-{asked.id}")
    expect(card).to_be_visible(timeout=10_000)
    other.judge()
    page = opened.open(f"/approvals/{asked.id}")
    expect(page.locator(".exact")).to_contain_text("the invoice is late.")
    opened.judge()
    page.get_by_role("button", name="Approve · $0.25").click()
    expect(page.locator("#decision")).to_contain_text("Already decided by Alice Moreau: approved.")
    assert state(desk, asked) == "approved"
    expect(card).to_have_count(0, timeout=10_000)
    opened.judge()


def test_keys_move_open_and_decide(tab: Opens, desk: Desk) -> None:
    opened = tab()
    number = hand_out(opened, "Two letters", priority=3)
    asked = [ask(desk, number, f"Letter {n}") for n in range(2)]
    page = opened.open("/inbox")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Letter 1")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Letter 0")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("r")
    note = page.locator(f"#note-{asked[1].id}")
    expect(note).to_be_focused()
    note.fill("Not today.")
    opened.judge()
    page.get_by_role("button", name="Reject", exact=True).first.click()
    expect(page.locator(".flash")).to_contain_text("Rejected.")
    page.wait_for_load_state("load")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Letter 0")).to_be_focused()
    page.keyboard.press("a")
    # It costs money: the key asks first, and the answer is given by keys too.
    expect(page.locator("#ask-first-title")).to_have_text("Approve · $0.25?")
    opened.judge()
    page.keyboard.press("Escape")
    assert state(desk, asked[0]) == "pending"
    page.keyboard.press("a")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".flash")).to_contain_text("Approved.")
    assert [state(desk, one) for one in asked] == ["approved", "rejected"]


def test_a_room_key_never_approves(tab: Opens, desk: Desk) -> None:
    opened = tab()
    asked = ask(desk, hand_out(opened, "Go to the agents", priority=3), "Not by accident")
    page = opened.open("/inbox")
    page.keyboard.press("j")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.locator("h1")).to_have_text("Agents")
    assert state(desk, asked) == "pending"


def test_the_card_on_the_task_appears_and_goes_by_itself(tab: Opens, desk: Desk) -> None:
    opened = tab(phone=True)
    number = hand_out(opened, "Ask me here")
    page = opened.open(f"/tasks/{number}")
    asked = ask(desk, number, "May I?")
    expect(page.locator("#task-approvals")).to_contain_text("May I?", timeout=10_000)
    opened.judge()
    page.locator("#task-approvals summary").filter(has_text="Reject").click()
    page.get_by_role("textbox", name="Why").fill("Not now.")
    page.get_by_role("button", name="Ask for changes").click()
    expect(page.locator("#task-approvals")).to_be_hidden()
    assert state(desk, asked) == "changes_requested"


def test_the_rail_counts_live(tab: Opens, desk: Desk) -> None:
    opened = tab()
    number = hand_out(opened, "Count me")
    page = opened.open("/board")
    count = page.locator("#inbox-count-rail-link")
    before = int(count.inner_text().split()[0])
    ask(desk, number, "One more")
    expect(count).to_contain_text(str(before + 1), timeout=10_000)
