"""The inbox in a browser: worked by keys alone, through live changes, in both themes and on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from appliance.cli.desk import CLI, Desk
from appliance.domain import answers, approvals, decisions, questions
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval, Option
from appliance.domain.questions import Question
from tests.browser.box import Box
from tests.browser.conftest import Opens
from tests.browser.test_board import hand_out

FRUIT = [Option("apple", "An apple", "Red"), Option("pear", "A pear")]
PAGES = ["/inbox/decided", "/settings/notifications", "/settings/channels", "/settings/deliveries"]
STEPS = ["Read the interviews", "Draft two pages"]


@pytest.fixture
def desk(box: Box) -> Iterator[Desk]:
    made = Desk({"data": str(box.folder)})
    yield made
    made.close()


def asks(desk: Desk, number: str | int, question: Question) -> Approval:
    """Mara asks on a task, beside the running server."""
    with desk.room(None) as room, room.db.transaction():
        task = room.db.one("SELECT id FROM tasks WHERE number = :n", {"n": int(number)})
        agent = room.db.one("SELECT id FROM agents WHERE slug = 'mara'")
        assert task and agent
        actor, about = Actor("agent", agent["id"], "Mara Quill", "operator"), {"task_id": task["id"]}
        return questions.ask(room.db, actor, question, **about, agent_id=agent["id"], step_key=question.title)


def read(desk: Desk, asked: Approval) -> dict[str, Any]:
    with desk.room(None) as room:
        return answers.answer(approvals.get(room.db, asked.id))


def flash(page: Page, text: str) -> None:
    expect(page.locator(".flash").last).to_contain_text(text)
    # Keys are heard once the scripts have run.
    page.wait_for_load_state("load")


def tab_to(page: Page, target: Locator) -> None:
    """By the Tab key, as somebody without a mouse would."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("the Tab key does not get there")


def test_every_shape_is_answered_by_keys_alone(tab: Opens, desk: Desk) -> None:
    opened = tab()
    number = hand_out(opened, "Ask in every shape", priority=3)
    plan = asks(desk, number, Question("Shall I go on like this?", "plan", items=STEPS))
    ticks = asks(desk, number, Question("Which fruit?", "checklist", options=FRUIT, least=1))
    text = asks(desk, number, Question("What is it called?"))
    page = opened.open("/inbox?q=ask+in+every+shape")
    opened.judge()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="What is it called?")).to_be_focused()
    tab_to(page, page.locator(f"#answer-{text.id}"))
    page.keyboard.type("Studio, just so: a, j and x")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    flash(page, "Answered.")
    for key in ("j", "ArrowDown", "ArrowUp", "j", "k"):
        page.keyboard.press(key)
    expect(page.get_by_role("link", name="Which fruit?")).to_be_focused()
    tab_to(page, page.locator(f"#approval-{ticks.id} input[name='tick.pear']"))
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    flash(page, "Answered.")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Shall I go on like this?")).to_be_focused()
    page.keyboard.press("a")
    expect(page.locator(f"#approval-{plan.id}")).to_have_count(0)
    assert read(desk, text) == {"text": "Studio, just so: a, j and x"}
    assert read(desk, ticks) == {"options": ["pear"]}
    assert read(desk, plan) == {"plan": "confirmed", "items": STEPS}


def test_a_plan_is_changed_on_a_phone_and_sent_back_by_a_key(tab: Opens, desk: Desk) -> None:
    opened = tab("dark", True)
    number = hand_out(opened, "Plans on a phone", priority=3)
    changed = asks(desk, number, Question("First plan", "plan", items=STEPS))
    back = asks(desk, number, Question("Second plan", "plan", items=STEPS))
    page = opened.open("/inbox?q=plan")
    opened.judge()
    card = page.locator(f"#approval-{changed.id}")
    card.get_by_text("Change it…").click()
    card.get_by_label("The plan, a step on each line").fill("Read\nSleep")
    opened.judge()
    card.get_by_role("button", name="Confirm with these changes").click()
    flash(page, "Answered.")
    page = opened.open("/inbox?q=second+plan")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator(f"#note-{back.id}")).to_be_focused()
    page.keyboard.type("Shorter, with no meeting.")
    page.get_by_role("button", name="Send it back").click()
    flash(page, "Sent back for changes.")
    assert read(desk, changed) == {"plan": "changed", "items": ["Read", "Sleep"]}
    assert read(desk, back) == {"plan": "sent_back", "note": "Shorter, with no meeting."}


def test_focus_survives_what_others_do_and_goes_on_to_the_next(tab: Opens, desk: Desk) -> None:
    opened = tab()
    number = hand_out(opened, "Busy list", priority=3)
    asked = [asks(desk, number, Question(f"Busy {n}?")) for n in range(3)]
    page = opened.open("/inbox?q=busy")
    for _ in range(2):
        page.keyboard.press("j")
    expect(page.get_by_role("link", name="Busy 1?")).to_be_focused()
    asks(desk, number, Question("Busy and new?"))
    expect(page.get_by_role("link", name="Busy and new?")).to_be_visible(timeout=10_000)
    expect(page.get_by_role("link", name="Busy 1?")).to_be_focused()
    with desk.room(None) as room:
        decisions.decide(room.db, CLI, asked[1].id, "answer", "Decided elsewhere.")
    expect(page.get_by_role("link", name="Busy 1?")).to_have_count(0, timeout=10_000)
    page.wait_for_function("document.activeElement.closest('[data-item]') !== null")


def test_keys_search_and_list_themselves(tab: Opens, desk: Desk) -> None:
    opened = tab()
    asks(desk, hand_out(opened, "Findable", priority=3), Question("Where is the needle?"))
    page = opened.open("/inbox")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("sends it back")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("needle")
    page.keyboard.press("Enter")
    expect(page.locator("[data-item]")).to_have_count(1)
    assert "q=needle" in page.url
    page.get_by_role("link", name="Nobody’s").click()
    assert "whose=nobody" in page.url and "q=needle" in page.url


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", False), ("light", True)])
@pytest.mark.parametrize(
    "path", ["/inbox/decided", "/settings/notifications", "/settings/channels", "/settings/deliveries"]
)
def test_the_pages_of_notices_are_whole(tab: Opens, desk: Desk, path: str, theme: Any, phone: bool) -> None:
    opened = tab(theme, phone)
    page = opened.open(path)
    for details in page.locator("main details > summary").all():
        details.click()
    opened.judge()


def test_what_one_hears_of_is_ticked_and_kept(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/notifications")
    page.get_by_label("A daily summary by E-mail").check()
    page.get_by_label("Hold notices back during quiet hours").check()
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    flash(page, "Saved.")
    expect(page.get_by_label("A daily summary by E-mail")).to_be_checked()
    expect(page.get_by_label("Hold notices back during quiet hours")).to_be_checked()
    page.get_by_text("Add a channel").click()
    page.get_by_label("Address").fill("https://hooks.example.com/in")
    page.get_by_label("Kind", exact=True).select_option("webhook")
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("code.secret")).to_contain_text("whsec_")
    opened.judge()
