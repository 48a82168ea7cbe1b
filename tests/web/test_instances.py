"""Instances on pages and over HTTP: the live graph, one step, items of a map, signals, and what stops and goes on."""

import threading
from typing import Any

import pytest

from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import reading
from appliance.web import instance_graph
from tests.web import flows
from tests.world import Browser, World

PEOPLE = [f"Person {n}" for n in range(60)]


@pytest.fixture
def one(world: World) -> Instance:
    """#1, a review whose first step is queued as #2."""
    return flows.ready(world)


@pytest.fixture
def asks(world: World) -> Instance:
    """60 items, each asking a person."""
    flows.apply(world, flows.ASKS)
    return flows.start(world, "asks", people=PEOPLE)


def page(browser: Browser, number: int = 1, **query: Any) -> str:
    answer = browser.get(f"{browser.pages}/instances/{number}", params=query)
    assert answer.status_code == 200
    return answer.text


def decide(world: World, verdict: str = "approve", note: str = "") -> None:
    """The one question is decided by Otto, on the instance's page."""
    with world.db() as db:
        asked = db.value("SELECT id FROM approvals WHERE state = 'pending'")
    fields = {"back": "instance", "note": note}
    answer = world.otto.post(f"{world.otto.pages}/approvals/{asked}/{verdict}", data=fields)
    assert answer.headers["location"] == f"{world.otto.pages}/instances/1"
    flows.move(world)


def test_the_page_shows_state_version_cost_and_who_started_it(world: World, one: Instance) -> None:
    shown = page(world.bob)
    assert "Running" in shown and "version 1" in shown and "by Otto" in shown
    assert 'aria-label="Review {change} running · queued' in shown
    assert f'data-live="task:{one.task_id}"' in shown
    assert "/cancel" not in shown and "/cancel" in page(world.otto)


def test_a_step_is_looked_at_with_its_task_input_and_output(world: World, one: Instance) -> None:
    flows.finish(world, "Two findings.")
    shown = page(world.bob, step="read")
    assert 'id="step-title" class="mono">read<' in shown
    assert f"{world.bob.pages}/tasks/2" in shown and "Two findings." in shown
    assert 'aria-current="true" data-node="read"' in shown
    assert "It has not begun: it waits for ok." in page(world.bob, step="paid")
    assert "Every step" in page(world.bob, step="nothing")


def test_what_it_asks_is_decided_on_its_page(world: World, one: Instance) -> None:
    flows.finish(world)
    asked = page(world.otto)
    assert "Publish #471?" in asked and 'value="instance"' in asked
    decide(world)
    after = page(world.otto)
    assert (
        'id="instance-asked" data-live="task:' in after and "Publish #471?" not in after.partition("instance-graph")[0]
    )
    assert flows.node(world, one, "ok").state == "done"


def test_a_signal_is_sent_from_the_form(world: World, one: Instance) -> None:
    flows.finish(world)
    decide(world)
    assert "for <span" in page(world.otto) and 'name="name" type="text" value="paid"' in page(world.otto)
    path = f"{world.otto.pages}/instances/1/signal"
    refused = world.otto.post(path, data={"name": "", "payload": "x"})
    assert refused.status_code == 422 and 'id="name-error"' in refused.text
    sent = world.otto.post(path, data={"name": "paid", "payload": '{"amount": 5}'})
    assert sent.headers["location"].endswith("/instances/1#signals")
    flows.move(world)
    assert flows.now(world, one).state == "succeeded"
    done = page(world.bob)
    assert "taken by paid" in done and "Send a signal" not in done
    assert flows.node(world, one, "paid").output["payload"] == {"amount": 5}


def test_pause_resume_and_cancel(world: World, one: Instance) -> None:
    base = f"{world.otto.pages}/instances/1"
    assert world.otto.post(f"{base}/pause").headers["location"] == base
    assert "Paused" in page(world.otto) and "/resume" in page(world.otto)
    world.otto.post(f"{base}/resume")
    assert flows.now(world, one).state == "running"
    world.otto.post(f"{base}/cancel")
    flows.move(world)
    assert flows.now(world, one).state == "cancelled"
    refused = world.otto.post(f"{base}/pause")
    assert refused.status_code == 303 and "The workflow has ended" in world.otto.get(base).text


def test_a_failure_says_which_step_and_why(world: World, one: Instance) -> None:
    flows.finish(world)
    decide(world, "reject", note="Not yet.")
    assert flows.now(world, one).state == "failed"
    shown = page(world.otto)
    assert 'href="/t/acme/instances/1?step=ok#step">ok</a> failed' in shown and "Not yet." in shown
    assert "Again from a step" in shown and "Again from a step" not in page(world.bob)


def test_again_from_a_step_makes_another_instance_that_says_where_it_comes_from(world: World, one: Instance) -> None:
    flows.finish(world, "Two findings.")
    decide(world, "reject", note="Not yet.")
    assert 'name="step" value="ok"' in page(world.otto)
    answer = world.otto.post(f"{world.otto.pages}/instances/1/again", data={"step": "ok"})
    assert answer.status_code == 303
    number = answer.headers["location"].rpartition("/")[2]
    after = page(world.bob, int(number))
    assert "Again of" in after and 'aria-label="Review {change} done' in after
    assert "Went on as" in page(world.bob) and f"/instances/{number}" in page(world.bob)
    from_inbox = world.otto.post(f"{world.otto.pages}/instances/1/again")
    assert int(from_inbox.headers["location"].rpartition("/")[2]) > int(number)
    refused = world.otto.post(f"{world.otto.pages}/instances/{number}/again", data={"step": "ok"})
    assert refused.headers["location"] == answer.headers["location"]
    assert "has not ended" in page(world.otto, int(number))
    made = world.otto.post(f"{world.otto.api}/instances/1/again", json={"step": "read"})
    assert made.status_code == 201 and made.json()["fork_from"] == "read"
    assert world.otto.post(f"{world.otto.api}/instances/1/again", json={"step": "gone"}).status_code == 404


def test_items_of_a_map_are_counted_paged_and_filtered(world: World, asks: Instance) -> None:
    shown = page(world.bob, step="each")
    assert 'aria-label="Each running · 0 of 60 done' in shown
    assert "0 of 60 done" in shown and ">Person 49</td>" in shown and ">Person 50</td>" not in shown
    cursor = shown.partition("&amp;cursor=")[2].partition("#")[0]
    second = page(world.bob, step="each", cursor=cursor)
    assert ">Person 50</td>" in second and ">Person 49</td>" not in second
    assert "No item is in this state." in page(world.bob, step="each", items="failed")


def test_inside_a_map_the_graph_shows_the_item_that_is_looked_at(world: World, asks: Instance) -> None:
    plan = page(world.bob)
    assert "?step=each#step" in plan.partition('data-node="each/ask"')[0].rpartition("<a ")[2]
    item = page(world.bob, step="each[17]")
    assert 'aria-label="Ask waiting · a person' in item
    assert "?step=each%5B17%5D/ask" in item
    inside = page(world.bob, step="each[17]/ask")
    assert 'aria-current="true" data-node="each/ask"' in inside


def test_the_branch_not_taken_has_not_begun(world: World, asks: Instance) -> None:
    shown = page(world.bob)
    assert 'aria-label="Few waiting' in shown and 'aria-label="Many 1 h, Wait"' in shown


def test_paths_of_a_drawing_find_the_rows_of_the_item_looked_at() -> None:
    definition = reading.check(flows.ASKS).definition
    assert definition
    nothing = instance_graph.places(definition, "")
    assert nothing.real == {"each": "each", "big": "big", "big/then/many": "big/then/many"} | {
        "big/otherwise/few": "big/otherwise/few"
    }
    assert nothing.maps == {"each/ask": "each"}
    assert instance_graph.places(definition, "each[3]/ask").real["each/ask"] == "each[3]/ask"
    assert instance_graph.plain("a[3]/b[0]/c") == "a/b/c"


def test_the_list_is_filtered_by_workflow_and_state(world: World, one: Instance, asks: Instance) -> None:
    every = world.bob.get(f"{world.bob.pages}/instances").text
    assert "/instances/1" in every and f"/instances/{asks.number}" in every
    some = world.bob.get(f"{world.bob.pages}/instances", params={"workflow": "asks", "state": "running"}).text
    assert (
        f"/instances/{asks.number}" in some and "/instances/1<" not in some and 'href="/t/acme/instances/1"' not in some
    )
    assert "Nothing matches" in world.bob.get(f"{world.bob.pages}/instances?state=failed").text


def test_the_task_of_an_instance_and_of_a_step_lead_to_it(world: World, one: Instance) -> None:
    root = world.bob.get(f"{world.bob.pages}/tasks/1").text
    step = world.bob.get(f"{world.bob.pages}/tasks/2").text
    assert f'href="{world.bob.pages}/instances/1"' in root
    assert f'href="{world.bob.pages}/instances/1?step=read#step"' in step


def test_an_instance_and_its_steps_over_http(world: World, one: Instance) -> None:
    api = f"{world.bob.api}/instances"
    assert [found["id"] for found in world.bob.get(api, params={"workflow": "review"}).json()["items"]] == [one.id]
    assert world.bob.get(api, params={"state": "failed"}).json() == {"items": [], "next_cursor": None}
    by_number, by_id = (world.bob.get(f"{api}/{ref}").json() for ref in ("1", one.id))
    assert by_number == by_id and by_id["workflow"] == "review" and by_id["cost_usd"] == "0"
    (node,) = world.bob.get(f"{api}/1/nodes").json()["items"]
    assert (node["path"], node["kind"], node["state"], node["task_number"]) == ("read", "agent", "running", 2)


def test_nodes_are_asked_for_by_block_and_page(world: World, asks: Instance) -> None:
    api = f"{world.bob.api}/instances/{asks.number}/nodes"
    top = world.bob.get(api, params={"scope": ""}).json()["items"]
    assert {node["path"] for node in top} == {"each", "big"}
    assert [node["path"] for node in world.bob.get(api, params={"scope": "each[3]"}).json()["items"]] == ["each[3]/ask"]
    first = world.bob.get(api, params={"scope": "each", "limit": 40}).json()
    rest = world.bob.get(api, params={"scope": "each", "limit": 40, "cursor": first["next_cursor"]}).json()
    assert len({node["path"] for node in first["items"] + rest["items"]}) == 60 and rest["next_cursor"] is None


def test_verbs_over_http(world: World, one: Instance) -> None:
    api = f"{world.otto.api}/instances/1"
    assert world.otto.post(f"{api}/pause").json()["state"] == "paused"
    assert world.otto.post(f"{api}/resume").json()["state"] == "running"
    for _ in range(2):
        assert world.otto.post(f"{api}/signal", json={"name": "paid", "payload": 1, "idem": "k"}).status_code == 200
    assert [sent["payload"] for sent in world.bob.get(f"{api}/signals").json()["items"]] == [1]
    assert world.otto.post(f"{api}/signal", json={"name": ""}).status_code == 400
    assert world.otto.post(f"{api}/cancel").json()["state"] == "cancelled"
    assert world.otto.post(f"{api}/pause").json()["code"] == "conflict"


def test_a_long_poll_answers_when_the_instance_ends(world: World, one: Instance) -> None:
    answers: list[Any] = []
    asker = threading.Thread(
        target=lambda: answers.append(world.bob.get(f"{world.bob.api}/instances/1?wait=20").json())
    )
    asker.start()
    world.otto.post(f"{world.otto.api}/instances/1/cancel")
    asker.join(15)
    assert [answer["state"] for answer in answers] == ["cancelled"]
    assert world.bob.get(f"{world.bob.api}/instances/1?wait=5").json()["state"] == "cancelled"
    assert world.bob.get(f"{world.bob.api}/instances/99?wait=5").status_code == 404


BODIES = {"signal": {"name": "x"}, "again": {"step": "read"}}
ACTS = ("pause", "resume", "cancel", "signal", "again")


def test_a_viewer_looks_and_moves_nothing(world: World, one: Instance) -> None:
    for act in ACTS:
        assert world.bob.post(f"{world.bob.pages}/instances/1/{act}", data={}).status_code == 403
        assert world.bob.post(f"{world.bob.api}/instances/1/{act}", json=BODIES.get(act, {})).status_code == 403
    assert flows.now(world, one).state == "running"


def test_charlie_gets_404(world: World, one: Instance) -> None:
    for base in (world.alice.pages, world.charlie.pages):
        assert world.charlie.get(f"{base}/instances/1").status_code == 404
        for act in ACTS:
            assert world.charlie.post(f"{base}/instances/1/{act}", data={"name": "x"}).status_code == 404
    for base in (world.alice.api, world.charlie.api):
        for path in ("/1", f"/{one.id}", "/1/nodes", "/1/signals"):
            assert world.charlie.get(f"{base}/instances{path}").status_code == 404
        for act in ACTS:
            body = BODIES.get(act, {})
            assert world.charlie.post(f"{base}/instances/{one.id}/{act}", json=body).status_code == 404
    assert world.charlie.get(f"{world.alice.pages}/instances").status_code == 404
    assert world.charlie.get(f"{world.charlie.api}/instances").json()["items"] == []
    assert world.stranger.get(f"{world.alice.api}/instances/1").status_code == 401
