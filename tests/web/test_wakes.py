"""Wakes, blockers' rules and the limits of work, over HTTP and in the settings."""

import re

import pytest

from tests.web import work
from tests.world import World


def shown(page: str, field: str) -> str:
    """What a field of the page holds."""
    found = re.search(rf'name="{field}"[^>]* value="([^"]*)"', page)
    assert found
    return found[1]


def test_a_task_tells_what_woke_it(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    world.otto.post(f"{world.otto.api}/tasks/1/comments", json={"body": "Be kind."})
    found = world.bob.get(f"{world.bob.api}/tasks/1/wakes").json()["items"]
    assert [(w["reason"], w["state"]) for w in found] == [("commented", "coalesced"), ("started", "run")]
    assert found[0]["detail"] == "Joined a run that had not begun."
    assert found[1]["chain"] == found[1]["run_id"]
    assert [cause["reason"] for cause in found[1]["causes"]] == ["started", "commented"]


def test_charlie_gets_404(world: World) -> None:
    work.hand_out(world)
    assert world.charlie.get(f"{world.charlie.api}/tasks/1/wakes").status_code == 404
    assert world.charlie.get(f"{world.otto.api}/guards").status_code == 404


@pytest.mark.parametrize(("rule", "status"), [("hold", 204), ("release", 204), ("cancel", 204), ("explode", 400)])
def test_a_blocker_says_what_its_cancelling_means(world: World, rule: str, status: int) -> None:
    work.hand_out(world, "First")
    work.hand_out(world, "Second")
    assert world.otto.put(f"{world.otto.api}/tasks/2/blockers/1?on_cancel={rule}").status_code == status


def test_a_sub_task_is_planned_once_over_http(world: World) -> None:
    parent = work.hand_out(world)
    new = {"title": "Part", "parent_id": parent.id, "plan_key": "rev1:a", "on_parent_close": "keep"}
    made = [world.otto.post(f"{world.otto.api}/tasks", json=new).json() for _ in range(2)]
    assert (made[0]["id"], made[0]["plan_key"], made[0]["on_parent_close"]) == (made[1]["id"], "rev1:a", "keep")


def test_limits_are_read_by_all_and_set_by_admins(world: World) -> None:
    there = f"{world.bob.api}/guards"
    assert world.bob.get(there).json() == {
        "max_running": None,
        "breaker_runs": 5,
        "breaker_chain": 50,
        "breaker_usd_per_hour": None,
        "wake_depth": 8,
        "wake_fanout": 50,
        "task_depth": 6,
        "task_children": 50,
    }
    assert world.otto.patch(there, json={"max_running": 4}).status_code == 403
    assert world.alice.patch(there, json={"max_running": 4}).json()["max_running"] == 4
    assert world.alice.patch(there, json={"max_running": None}).json()["max_running"] is None


def test_the_settings_page_sets_and_clears_them(world: World) -> None:
    there = f"{world.alice.pages}/settings"
    given = {"max_running": "6", "breaker_usd_per_hour": "2.5", "wake_depth": "3"}
    assert world.alice.post(f"{there}/guards", data=given).status_code == 303
    assert shown(world.alice.get(there).text, "max_running") == "6"
    world.alice.post(f"{there}/guards", data={"max_running": ""})
    assert world.alice.get(f"{world.alice.api}/guards").json()["max_running"] is None
    refused = world.alice.post(f"{there}/guards", data={"wake_depth": "many"})
    assert (refused.status_code, shown(refused.text, "wake_depth")) == (422, "many")
    assert world.otto.post(f"{there}/guards", data=given).status_code == 403


def test_an_accounts_runs_at_once_are_set_on_its_page(world: World) -> None:
    work.connect(world)
    account = world.alice.get(f"{world.alice.api}/providers").json()["items"][0]
    there = f"{world.alice.pages}/providers/{account['id']}"
    assert world.alice.post(there, data={"max_concurrency": "3"}).status_code == 303
    assert shown(world.alice.get(there).text, "max_concurrency") == "3"
    assert world.alice.post(there, data={"max_concurrency": "0"}).status_code == 422
    world.alice.post(there, data={"max_concurrency": ""})
    assert world.alice.get(f"{world.alice.api}/providers").json()["items"][0]["max_concurrency"] is None
