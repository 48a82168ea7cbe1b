"""Approvals and the inbox in a browser and over HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from appliance.domain import agents, approvals, budgets, keys, lifecycle, runs
from appliance.domain.approvals import Approval, Option
from appliance.domain.key_forms import NewKey
from tests.domain.asking import Desk, payload, sit_down
from tests.web import work
from tests.world import Browser, World


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    with world.db() as db:
        yield sit_down(world, db)


def post(who: Browser, asked: Approval, verb: str, **fields: str) -> httpx.Response:
    return who.post(f"{who.pages}/approvals/{asked.id}/{verb}", data=fields)


def shown(who: Browser, asked: Approval) -> str:
    return who.get(f"{who.pages}/approvals/{asked.id}").text


def count(who: Browser) -> str:
    text = who.get(f"{who.pages}/inbox/count").text
    return text.partition('id="inbox-count-rail-link"')[2].partition("<span")[0].rpartition(">")[2]


def test_the_page_shows_exactly_what_would_be_done(world: World, desk: Desk) -> None:
    asked = desk.ask(payload=payload(text="Dear\nBob <b>\u202e"), estimate_nano=250_000_000, expires_s=600)
    text = shown(world.otto, asked)
    for part in ("mail.send", "bob@globex.test", "Dear\nBob &lt;b&gt;⟨U+202E⟩", "$0.25", asked.digest, "Mara asked"):
        assert part in text
    assert "Once approved, mail.send runs once" in text
    assert "Approve · $0.25" in text
    assert "If nobody decides by then, it is not done." in text


def test_one_click_approves_and_leads_back(world: World, desk: Desk) -> None:
    asked = desk.ask()
    desk.waits()
    answer = post(world.otto, asked, "approve", back="inbox")
    assert (answer.status_code, answer.headers["location"]) == (303, "/t/acme/inbox")
    assert (approvals.get(desk.db, asked.id).state, desk.state()) == ("approved", "ready")
    assert "Already decided by Otto: approved." in shown(world.bob, asked)


def test_two_tabs_approve_twice_and_it_happens_once(world: World, desk: Desk) -> None:
    asked = desk.ask()
    assert post(world.otto, asked, "approve").status_code == 303
    assert post(world.alice, asked, "approve").status_code == 303
    assert "Already decided by Otto: approved." in world.alice.get(f"{world.alice.pages}/board").text
    assert desk.told() == ["requested", "approved"]
    assert [approvals.consume(desk.db, asked.id, asked.digest) for _ in range(2)] == [True, False]


def test_a_stale_tab_is_told_who_decided(world: World, desk: Desk) -> None:
    asked = desk.ask()
    post(world.otto, asked, "approve")
    answer = post(world.alice, asked, "reject", note="No.")
    assert answer.headers["location"] == f"/t/acme/approvals/{asked.id}"
    assert "Already decided by Otto: approved." in world.alice.get(f"{world.alice.pages}/board").text
    assert approvals.get(desk.db, asked.id).state == "approved"


def test_a_refusal_keeps_its_note_for_the_agent(world: World, desk: Desk) -> None:
    asked = desk.ask()
    post(world.otto, asked, "reject", note="Not to this customer.", back="task")
    found = approvals.get(desk.db, asked.id)
    assert (found.state, found.note) == ("rejected", "Not to this customer.")
    assert "Not to this customer." in shown(world.bob, asked)


def test_changes_without_a_note_are_asked_for_one(world: World, desk: Desk) -> None:
    asked = desk.ask()
    answer = post(world.otto, asked, "request-changes", note="")
    assert answer.status_code == 422
    assert "Say what should change" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_who_may_not_decide_sees_why(world: World, desk: Desk) -> None:
    asked = desk.ask()
    text = shown(world.bob, asked)
    assert "Deciding this needs the role operator; you are viewer." in text
    assert text.count(" disabled") >= 3
    post(world.bob, asked, "approve")
    assert approvals.get(desk.db, asked.id).state == "pending"
    money = desk.ask("budget", title="The budget is used up", options=[Option("once", "Allow once")])
    assert "Deciding this needs the role admin; you are operator." in shown(world.otto, money)


def test_a_slip_in_an_amount_is_told_in_its_own_words(world: World, desk: Desk) -> None:
    once = Option("once", "Allow once", asks="US dollars more")
    with desk.db.transaction():
        budgets.put(desk.db, world.alice.actor, "tenant", "", "month", 5)
    [budget] = budgets.all(desk.db)
    money = desk.ask("budget", title="Used up", payload={"budget_id": budget.id}, options=[once])
    answer = post(world.alice, money, "approve", option="once", amount_usd="ten")
    assert (answer.status_code, "Give an amount in US dollars, for example 12.50" in answer.text) == (422, True)


def test_a_question_is_answered_in_words_or_by_a_choice(world: World, desk: Desk) -> None:
    open_one = desk.ask("question", "q", title="What colour?")
    post(world.otto, open_one, "answer", note="Blue")
    assert approvals.get(desk.db, open_one.id).answer == "Blue"
    options = [Option("b", "Blue"), Option("r", "Red")]
    choice = desk.ask("question", "q2", title="Which?", options=options, expires_s=60, on_expiry="r")
    assert "the answer is “Red”" in shown(world.otto, choice)
    post(world.otto, choice, "answer", option="b")
    assert approvals.get(desk.db, choice.id).answer == "b"


def test_the_inbox_lists_what_waits_and_the_rail_counts_it(world: World, desk: Desk) -> None:
    assert "Nothing to decide" in world.otto.get(f"{world.otto.pages}/inbox").text
    assert count(world.otto) == "0"
    desk.ask(title="Send the letter")
    work.hire(world, "leo", "Leo")
    work.hand_out(world, "Stuck work", assignee="leo")
    work.fail(world, work.begin(world), "The key was refused.")
    text = world.otto.get(f"{world.otto.pages}/inbox").text
    for part in ("Send the letter", "Stuck work", "The key was refused.", "2 things wait for a person."):
        assert part in text
    assert count(world.otto) == "2"
    assert 'action="/t/acme/tasks/2/retry"' in text
    assert "/retry" not in world.bob.get(f"{world.bob.pages}/inbox").text


def test_the_inbox_is_paged(world: World, desk: Desk) -> None:
    for n in range(26):
        desk.ask(step_key=f"t{n}", title=f"Ask {n}")
    first = world.otto.get(f"{world.otto.pages}/inbox").text
    assert "Ask 25" in first
    more = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert "Ask 0<" in world.otto.get(more).text


def test_the_task_page_carries_the_card(world: World, desk: Desk) -> None:
    asked = desk.ask()
    desk.waits()
    page = world.otto.get(f"{world.otto.pages}/tasks/1").text
    assert f"approvals/{asked.id}/approve" in page
    assert "It waits for a decision: Send the letter." in page
    answer = post(world.otto, asked, "approve", back="task")
    assert answer.headers["location"] == "/t/acme/tasks/1"
    assert f"approvals/{asked.id}/approve" not in world.otto.get(f"{world.otto.pages}/tasks/1").text


def test_over_http(world: World, desk: Desk) -> None:
    asked = desk.ask(estimate_nano=5)
    [listed] = world.otto.get(f"{world.otto.api}/approvals").json()["items"]
    assert (listed["id"], listed["estimate_usd"], listed["verbs"][0]["verdict"]) == (asked.id, "0.000000005", "approve")
    inbox = world.otto.get(f"{world.otto.api}/inbox").json()
    assert (inbox["items"][0]["id"], inbox["counts"], inbox["next_cursor"]) == (asked.id, {"action": 1}, None)
    one = f"{world.otto.api}/approvals/{asked.id}"
    assert world.otto.post(f"{one}/answer", json={}).json()["errors"]
    assert world.otto.post(f"{one}/request-changes", json={"note": "Shorter."}).json()["state"] == "changes_requested"
    conflict = world.alice.post(f"{one}/approve", json={})
    assert (conflict.status_code, conflict.json()["code"]) == (409, "conflict")
    assert conflict.json()["detail"] == "Already decided by Otto: changes requested."
    assert (
        world.otto.get(f"{world.otto.api}/approvals?state=changes_requested").json()["items"][0]["note"] == "Shorter."
    )
    assert world.otto.get(f"{world.otto.api}/approvals?state=odd").status_code == 400


def test_a_viewers_key_and_an_agents_decide_nothing(world: World, desk: Desk) -> None:
    asked = desk.ask()
    with world.control() as control:
        made = [
            keys.create(control, world.alice.actor, world.acme.id, NewKey("K", role)) for role in ("viewer", "admin")
        ]
        control.update("api_keys", {"id": made[1].id}, agent_id=desk.run.agent_id)
    for key in made:
        answer = world.program(key.secret).post(f"/api/v1/approvals/{asked.id}/approve", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_signal_is_sent_over_http(world: World, desk: Desk) -> None:
    path = f"{world.otto.api}/runs/{desk.run.id}/signals"
    told = {"name": "paid", "payload": {"amount": 5}, "idem": "a"}
    first = world.otto.post(path, json=told)
    assert (first.status_code, world.otto.post(path, json=told).json()) == (201, first.json())
    assert world.bob.post(path, json=told).status_code == 403
    with desk.db.transaction():
        runs.end(desk.db, desk.run, "succeeded")
    late = world.otto.post(path, json=told | {"idem": "b"})
    assert (late.status_code, late.json()["code"]) == (409, "run_ended")


def test_charlie_gets_404(world: World, desk: Desk) -> None:
    asked = desk.ask()
    lifecycle.cancel(desk.db, world.alice.actor, desk.task.id)
    assert agents.get(desk.db, "mara")
    charlie = world.charlie
    for path in (f"/t/acme/approvals/{asked.id}", "/t/acme/inbox", "/t/acme/inbox/count", "/api/v1/t/acme/inbox"):
        assert charlie.get(path).status_code == 404
    assert charlie.get(f"{charlie.pages}/approvals/{asked.id}").status_code == 404
    assert charlie.get(f"{charlie.api}/approvals/{asked.id}").status_code == 404
    assert charlie.post(f"{charlie.api}/approvals/{asked.id}/approve", json={}).status_code == 404
    assert charlie.post(f"/api/v1/t/acme/approvals/{asked.id}/approve", json={}).status_code == 404
    assert charlie.post(f"{charlie.api}/runs/{desk.run.id}/signals", json={"name": "x"}).status_code == 404
