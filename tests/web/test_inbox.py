"""The inbox in a browser and over HTTP: tabs, whose it is, what was decided, and failures that are put off."""

from collections.abc import Iterator

import pytest

from appliance.domain import answers, approvals, inbox, questions
from appliance.domain.approvals import Approval, Option
from appliance.domain.inbox import Filter
from appliance.domain.questions import Question
from tests.domain.asking import Desk, sit_down
from tests.web import work
from tests.world import World

FRUIT = [Option("apple", "An apple"), Option("pear", "A pear")]


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    with world.db() as db:
        yield sit_down(world, db)


def asks(desk: Desk, question: Question, step_key: str = "ask") -> Approval:
    with desk.db.transaction():
        return questions.ask(desk.db, desk.actor, question, **desk.run.ids, step_key=step_key)


def stuck(world: World, title: str = "Stuck work", slug: str = "leo") -> str:
    """The task's id."""
    if not world.otto.get(f"{world.otto.api}/agents/{slug}").is_success:
        work.hire(world, slug, slug.title())
    work.hand_out(world, title, assignee=slug)
    run = work.begin(world)
    work.fail(world, run, "The key was refused.")
    return run.task_id


def test_tabs_count_and_keep_the_other_filters(world: World, desk: Desk) -> None:
    desk.ask(title="Send the letter", assigned_to=world.otto.actor.label)
    asks(desk, Question("What colour?"))
    stuck(world)
    text = world.otto.get(f"{world.otto.pages}/inbox?whose=mine").text
    assert 'href="/t/acme/inbox?group=decisions&amp;whose=mine">Decisions <span class="num faint">1</span>' in text
    assert 'aria-current="true">Mine <span class="num faint">1</span>' in text
    assert "Send the letter" in text and "What colour?" not in text
    text = world.otto.get(f"{world.otto.pages}/inbox?group=questions").text
    assert "What colour?" in text and "Send the letter" not in text and "Stuck work" not in text
    assert "Nothing that waits matches this." in world.otto.get(f"{world.otto.pages}/inbox?q=nowhere").text
    assert "Stuck work" in world.otto.get(f"{world.otto.pages}/inbox?q=STUCK").text


def test_a_strange_filter_is_refused_with_its_field(world: World, desk: Desk) -> None:
    answer = world.otto.get(f"{world.otto.api}/inbox?whose=everyone")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["whose"])
    found = world.otto.get(f"{world.otto.api}/inbox?group=budget").json()
    assert (found["items"], found["counts"]) == ([], {})


def test_a_checklist_is_ticked_and_a_plan_confirmed_or_changed(world: World, desk: Desk) -> None:
    ticks = asks(desk, Question("Which fruit?", "checklist", options=FRUIT, least=1), "ticks")
    plan = asks(desk, Question("Shall I?", "plan", items=["Read", "Write"]), "plan")
    changed = asks(desk, Question("And then?", "plan", items=["Read", "Write"]), "changed")
    text = world.otto.get(f"{world.otto.pages}/inbox").text
    for part in ("Tick at least 1", 'name="tick.pear"', "<li>Read</li><li>Write</li>", "Confirm the plan"):
        assert part in text
    refused = world.otto.post(f"{world.otto.pages}/approvals/{ticks.id}/answer", data={"back": "inbox"})
    assert (refused.status_code, "Tick between 1 and 2" in refused.text) == (422, True)
    for asked, data in (
        (ticks, {"tick.pear": "true"}),
        (plan, {}),
        (changed, {"items": "Read\r\n\r\nCheck  twice", "note": "Slowly."}),
    ):
        assert world.otto.post(f"{world.otto.pages}/approvals/{asked.id}/answer", data=data).status_code == 303
    read = [answers.answer(approvals.get(desk.db, asked.id)) for asked in (ticks, plan, changed)]
    assert read[0] == {"options": ["pear"]}
    assert read[1] == {"plan": "confirmed", "items": ["Read", "Write"]}
    assert read[2] == {"plan": "changed", "items": ["Read", "Check twice"], "note": "Slowly."}
    decided = world.bob.get(f"{world.bob.pages}/inbox/decided").text
    for part in ("A pear", "plan confirmed", "plan changed", "Slowly.", "Otto"):
        assert part in decided


@pytest.mark.parametrize(
    ("question", "body"),
    [
        (Question("Which?", "checklist", options=FRUIT), {"options": ["apple"]}),
        (Question("Shall I?", "plan", items=["Read"]), {"items": ["Read twice"]}),
        (Question("Which?", "choice", options=FRUIT), {"option": "pear"}),
        (Question("What?"), {"note": "This."}),
    ],
)
def test_two_tabs_answer_every_shape_once(
    world: World, desk: Desk, question: Question, body: dict[str, object]
) -> None:
    asked = asks(desk, question)
    desk.waits()
    for who in (world.otto, world.alice):
        answer = who.post(f"{who.api}/approvals/{asked.id}/answer", json=body)
        assert (answer.status_code, answer.json()["decided_name"]) == (200, "Otto")
    other = world.alice.post(f"{world.alice.api}/approvals/{asked.id}/reject", json={"note": "No."})
    assert (other.status_code, other.json()["detail"]) == (409, "Already decided by Otto: answered.")
    assert (desk.state(), desk.told()) == ("ready", ["requested", "answered"])
    assert world.bob.get(f"{world.bob.api}/inbox/decided").json()["items"][0]["id"] == asked.id


def test_whoever_may_decide_can_take_over(world: World, desk: Desk) -> None:
    asked = desk.ask(assigned_to=world.alice.actor.label, backup_to=world.otto.actor.label)
    text = world.otto.get(f"{world.otto.pages}/inbox?whose=backup").text
    assert "for Alice, then Otto" in text and "Take over" in text
    assert "Take over" not in world.bob.get(f"{world.bob.pages}/inbox").text
    answer = world.otto.post(f"{world.otto.pages}/approvals/{asked.id}/take", data={"back": "inbox"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/t/acme/inbox")
    assert approvals.get(desk.db, asked.id).assigned_to == world.otto.actor.label
    assert "Take over" not in world.otto.get(f"{world.otto.pages}/inbox").text
    refused = world.bob.post(f"{world.bob.api}/approvals/{asked.id}/take")
    assert refused.status_code == 403
    world.alice.post(f"{world.alice.api}/approvals/{asked.id}/approve", json={})
    assert world.otto.post(f"{world.otto.api}/approvals/{asked.id}/take").status_code == 409


def test_failures_are_put_off_for_oneself_until_they_fail_anew(world: World, desk: Desk) -> None:
    task_id = stuck(world)
    asked = desk.ask()
    page, here = f"{world.otto.pages}/inbox", world.otto.pages
    world.otto.post(f"{here}/inbox/snooze", data={f"item.{task_id}": "true", f"item.{asked.id}": "true", "until": "1h"})
    text = world.otto.get(page).text
    assert "Stuck work" not in text and "1 put off" in text and "Send the letter" in text
    assert "Stuck work" in world.alice.get(f"{world.alice.pages}/inbox").text
    desk.db.execute("UPDATE tasks SET updated_at = '2999-01-01T00:00:00.000000Z' WHERE id = :id", {"id": task_id})
    assert "Stuck work" in world.otto.get(page).text
    world.otto.post(f"{here}/inbox/wake")
    assert inbox.total(desk.db, Filter(world.otto.actor.label)) == 2
    assert world.otto.post(f"{here}/inbox/snooze", data={"until": "1h"}).status_code == 303


def test_putting_off_over_http_says_how_many(world: World, desk: Desk) -> None:
    ids = [stuck(world), "nobody"]
    snooze = f"{world.otto.api}/inbox/snooze"
    assert world.otto.post(snooze, json={"ids": ids, "until": "tomorrow"}).json() == {"hidden": 1}
    assert world.otto.get(f"{world.otto.api}/inbox").json()["counts"] == {}
    assert world.otto.delete(snooze).json() == {"shown": 1}
    for until in ("yesterday", "2020-01-01", "2999-01-01"):
        assert list(world.otto.post(snooze, json={"ids": ids, "until": until}).json()["errors"]) == ["until"]


@pytest.mark.parametrize("path", ["/inbox", "/inbox/decided"])
def test_charlie_gets_404(world: World, desk: Desk, path: str) -> None:
    for base in ("/t/acme", "/api/v1/t/acme"):
        assert world.charlie.get(base + path).status_code == 404
    assert world.charlie.post("/t/acme/inbox/snooze", data={"until": "1h"}).status_code == 404
