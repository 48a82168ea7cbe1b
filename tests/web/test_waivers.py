"""Waiving a check and allowing a host, on the pages and over the API."""

import pytest

from appliance.domain import hosts, tasks
from appliance.domain.checks import NewCheck
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from tests.world import World


@pytest.fixture
def task(world: World) -> Task:
    with world.db() as db:
        return tasks.create(db, world.alice.actor, NewTask("Do it", checks=[NewCheck("contains", {"text": "42"})]))


def test_an_operator_waives_on_the_page(world: World, task: Task) -> None:
    page = world.otto.get(f"{world.otto.pages}/tasks/{task.number}").text
    action = page.split('class="waive"')[1].split('action="')[1].split('"')[0]
    assert world.otto.post(action, data={"reason": "It is a picture"}).status_code == 303
    after = world.otto.get(f"{world.otto.pages}/tasks/{task.number}").text
    assert "It is a picture" in after
    assert 'class="waive"' not in after
    assert "waived" in after


def test_a_waiver_without_a_reason_says_so(world: World, task: Task) -> None:
    reply = world.otto.post(f"{world.otto.pages}/tasks/{task.number}/checks/1/waive", data={"reason": " "})
    assert reply.status_code == 303
    assert "say in at most" in world.otto.get(reply.headers["location"]).text


def test_a_viewer_sees_no_way_to_waive_and_is_refused(world: World, task: Task) -> None:
    assert 'class="waive"' not in world.bob.get(f"{world.bob.pages}/tasks/{task.number}").text
    url = f"{world.bob.api}/tasks/{task.number}/checks/1/waive"
    assert world.bob.post(url, json={"reason": "x"}).status_code == 403


def test_a_check_is_waived_over_the_api(world: World, task: Task) -> None:
    url = f"{world.otto.api}/tasks/{task.number}/checks/1/waive"
    assert world.otto.post(url, json={}).status_code == 400
    waived = world.otto.post(url, json={"reason": "Known"}).json()
    assert (waived["state"], waived["waiver"]) == ("waived", "Known")
    assert world.otto.get(f"{world.otto.api}/tasks/{task.number}/checks").json()["items"] == [waived]
    assert world.otto.post(url.replace("/1/", "/9/"), json={"reason": "x"}).status_code == 404
    assert world.charlie.post(url, json={"reason": "x"}).status_code == 404


def test_a_task_is_made_with_the_slow_checks_by_form(world: World) -> None:
    fields = {"title": "T", "check_kind_1": "command_exit_0", "check_value_1": "make test"}
    fields |= {"check_kind_2": "url_200", "check_value_2": "nonsense"}
    refused = world.otto.post(f"{world.otto.pages}/tasks", data=fields)
    assert refused.status_code == 422
    assert "give an http or https URL" in refused.text
    fields |= {"check_value_2": "http://localhost:3000/"}
    assert world.otto.post(f"{world.otto.pages}/tasks", data=fields).status_code == 303
    kinds = [check["kind"] for check in world.otto.get(f"{world.otto.api}/tasks/1/checks").json()["items"]]
    assert kinds == ["command_exit_0", "url_200"]


def test_a_host_is_allowed_in_the_settings(world: World) -> None:
    room = f"{world.alice.pages}/settings/hosts"
    assert "No host yet" in world.alice.get(room).text
    assert world.alice.post(room, data={"host": "http://x"}).status_code == 422
    assert world.alice.post(room, data={"host": "localhost:3000"}).status_code == 303
    assert "localhost:3000" in world.alice.get(room).text
    assert world.alice.post(f"{room}/refuse", data={"host": "localhost:3000"}).status_code == 303
    with world.db() as db:
        assert hosts.allowed(db) == []


def test_a_host_is_allowed_over_the_api(world: World) -> None:
    url = f"{world.alice.api}/hosts"
    assert world.alice.put(f"{url}/wiki.example.com:8443?private=true").json()["items"] == [
        {"host": "private wiki.example.com:8443"}
    ]
    assert world.otto.put(f"{url}/example.com").status_code == 403
    assert world.charlie.get(url).status_code == 404
    assert world.alice.delete(f"{url}/wiki.example.com:8443").json()["items"] == []
