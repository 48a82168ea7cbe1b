"""One run: its steps as they were recorded, and stopping it."""

import pytest

from tests.web import work
from tests.world import World


@pytest.fixture
def run_id(world: World) -> str:
    work.connect(world)
    work.hire(world)
    work.hand_out(world, assignee="mara")
    return str(world.alice.get(f"{world.alice.api}/tasks/1").json()["run"]["id"])


def test_a_run_and_its_steps(world: World, run_id: str) -> None:
    run = work.begin(world)
    work.record(world, run, "tool", "workspace.write", {"path": "a.md", "content": "Hello"}, {"ok": True})
    shown = world.alice.get(f"{world.alice.api}/runs/{run_id}").json()
    assert (shown["state"], shown["attempt"], shown["cost_usd"]) == ("running", 1, "0")
    (step,) = world.alice.get(f"{world.alice.api}/runs/{run_id}/steps").json()["items"]
    assert (step["name"], step["input"]["path"], step["cost_usd"]) == ("workspace.write", "a.md", "0")


def test_the_page_tells_what_happened(world: World, run_id: str) -> None:
    run = work.begin(world)
    said = {"preview": "I will write it.", "tools": ["workspace.write"], "in": 1204, "cached": 980, "out": 212}
    work.record(world, run, "note", "brief")
    work.record(world, run, "model", "sim-standard", None, said)
    work.record(world, run, "tool", "workspace.write", {"path": "a.md", "content": "<b>Hello</b>"}, {"ok": True})
    refused = {"ok": False, "preview": "error: '../x' is not a path inside"}
    work.record(world, run, "tool", "workspace.read", {"path": "../x"}, refused)
    shown = world.alice.get(f"{world.alice.pages}/runs/{run_id}").text
    assert "I will write it." in shown
    assert "1,204 in (980 cached) · 212 out" in shown
    assert "&lt;b&gt;Hello" in shown
    assert "is not a path inside" in shown
    assert "Working on the next step" in shown
    assert "Told the agent what to do" in shown


def test_how_a_run_ended_stands_at_its_end(world: World, run_id: str) -> None:
    work.fail(world, work.begin(world))
    shown = world.alice.get(f"{world.alice.pages}/runs/{run_id}").text
    assert "Failed" in shown
    assert "Put a valid key in." in shown


def test_cancelling_a_queued_run_keeps_the_task(world: World, run_id: str) -> None:
    ended = world.otto.post(f"{world.otto.api}/runs/{run_id}/cancel")
    assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")
    assert world.alice.get(f"{world.alice.api}/tasks/1").json()["state"] == "todo"


def test_cancelling_a_running_run_asks_it_to_stop(world: World, run_id: str) -> None:
    work.begin(world)
    world.otto.post(f"{world.otto.pages}/runs/{run_id}/cancel")
    shown = world.alice.get(f"{world.alice.api}/runs/{run_id}").json()
    assert (shown["state"], shown["cancel_requested"]) == ("running", True)
    assert "Stopping" in world.alice.get(f"{world.alice.pages}/runs/{run_id}").text


def test_a_viewer_may_look_and_not_stop(world: World, run_id: str) -> None:
    assert world.bob.get(f"{world.bob.pages}/runs/{run_id}").status_code == 200
    assert world.bob.post(f"{world.bob.api}/runs/{run_id}/cancel").status_code == 403
    assert world.bob.post(f"{world.bob.pages}/runs/{run_id}/cancel").status_code == 403


def test_charlie_gets_404(world: World, run_id: str) -> None:
    for base in (world.alice.api, world.charlie.api):
        assert world.charlie.get(f"{base}/runs/{run_id}").status_code == 404
        assert world.charlie.get(f"{base}/runs/{run_id}/steps").status_code == 404
        assert world.charlie.post(f"{base}/runs/{run_id}/cancel").status_code == 404
    for base in (world.alice.pages, world.charlie.pages):
        assert world.charlie.get(f"{base}/runs/{run_id}").status_code == 404
    assert world.charlie.post(f"{world.alice.pages}/runs/{run_id}/cancel").status_code == 404


def test_the_list_of_runs_by_state_and_agent(world: World, run_id: str) -> None:
    for query, expected in {"": [run_id], "?state=ready&agent=mara": [run_id], "?state=failed": []}.items():
        found = world.bob.get(f"{world.bob.api}/runs{query}").json()
        assert [run["id"] for run in found["items"]] == expected
    assert world.bob.get(f"{world.bob.api}/runs").json()["items"][0]["cost_usd"] == "0"
    assert world.bob.get(f"{world.bob.api}/runs?agent=nobody").status_code == 404


def test_charlie_sees_only_the_runs_of_his_own_tenant(world: World, run_id: str) -> None:
    assert world.charlie.get(f"{world.charlie.api}/runs").json()["items"] == []
    assert world.charlie.get(f"{world.alice.api}/runs").status_code == 404
