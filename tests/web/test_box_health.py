"""The room Health: parts, alerts with what to do, channels, the doctor. For owners of the box alone."""

import pytest

from appliance import diskspace
from appliance.db.database import Database
from appliance.domain import alert_channels, alerts
from appliance.domain.actor import SYSTEM
from appliance.domain.alert_channels import NewAlertChannel
from tests.world import World

PAGE = "/box/health"
PATHS = (PAGE, f"{PAGE}/doctor", "/api/v1/box/alerts", "/api/v1/box/alerts/history", "/api/v1/box/alerts/channels")


def raise_disk(control: Database) -> alerts.Alert:
    return alerts.raise_(control, "disk.low", "", "critical", "1.0 GiB free (3.0%)")


def add(world: World) -> str:
    with world.control() as control:
        new = NewAlertChannel("webhook", "https://127.0.0.1:9/in", "Pager")
        return alert_channels.add(control, SYSTEM, world.vault, new).channel.id


@pytest.mark.parametrize("path", PATHS)
def test_charlie_and_otto_get_404(world: World, path: str) -> None:
    assert world.charlie.get(path).status_code == 404
    assert world.otto.get(path).status_code == 404


@pytest.mark.parametrize("path", ["alerts/x/acknowledge", "channels", "channels/x/test", "channels/x/remove"])
def test_charlie_can_not_change_anything(world: World, path: str) -> None:
    assert world.charlie.post(f"{PAGE}/{path}", data={"kind": "email", "url": "c@globex.test"}).status_code == 404


def test_a_box_that_is_well_says_so(world: World) -> None:
    page = world.alice.get(PAGE).text
    assert "All is well" in page
    assert "No open alert" in page
    assert "Not ready" not in page


def test_an_open_alert_stands_with_what_to_do_and_can_be_acknowledged(world: World) -> None:
    with world.control() as control:
        alert = raise_disk(control)
    page = world.alice.get(PAGE).text
    assert "1.0 GiB free (3.0%)" in page
    assert alert.fix[:20] in page
    assert world.alice.post(f"{PAGE}/alerts/{alert.id}/acknowledge").status_code == 303
    assert "Alice looks after it" in world.alice.get(PAGE).text
    assert world.alice.post(f"{PAGE}/alerts/nothing/acknowledge").status_code == 404


def test_a_part_that_is_not_ready_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diskspace, "look", lambda folder: diskspace.Space(4, 100))
    assert "only 4.0% free" in world.alice.get(PAGE).text


def test_the_history_shows_what_is_over(world: World) -> None:
    with world.control() as control:
        raise_disk(control)
        alerts.clear(control, "disk.low", "")
    assert "1.0 GiB free (3.0%)" in world.alice.get(PAGE).text
    [past] = world.alice.get("/api/v1/box/alerts/history").json()["items"]
    assert past["rule"] == "disk.low"


def test_a_new_webhook_shows_its_secret_once(world: World) -> None:
    reply = world.alice.post(f"{PAGE}/channels", data={"kind": "webhook", "url": "https://pager.acme.test/in"})
    assert (reply.status_code, "whsec_" in reply.text) == (200, True)
    assert "whsec_" not in world.alice.get(PAGE).text.replace("whsec_…", "")
    assert "secret" not in world.alice.get("/api/v1/box/alerts/channels").json()["items"][0]


def test_a_bad_address_stands_at_its_field_and_keeps_what_was_typed(world: World) -> None:
    reply = world.alice.post(f"{PAGE}/channels", data={"kind": "email", "url": "nobody", "name": "Ops team"})
    assert reply.status_code in (400, 422)
    assert "give an e-mail address" in reply.text
    assert 'value="Ops team"' in reply.text


def test_a_channel_is_tested_and_removed(world: World) -> None:
    channel = add(world)
    assert world.alice.post(f"{PAGE}/channels/{channel}/test").status_code == 303
    assert "could not be reached" in world.alice.get(PAGE).text
    assert world.alice.post(f"{PAGE}/channels/{channel}/remove").status_code == 303
    assert "Pager" not in world.alice.get("/api/v1/box/alerts/channels").text


def test_the_doctor_looks_on_demand_and_tells_what_it_found(world: World) -> None:
    page = world.alice.get(f"{PAGE}/doctor").text
    assert "sqlite.version" in page
    assert "Nothing was changed" in page


def test_the_api_lists_and_acknowledges(world: World) -> None:
    with world.control() as control:
        alert = raise_disk(control)
    [found] = world.alice.get("/api/v1/box/alerts").json()["items"]
    assert found["id"] == alert.id
    done = world.alice.post(f"/api/v1/box/alerts/{alert.id}/acknowledge").json()
    assert done["acknowledged_by"] == world.alice.actor.label


def test_every_answer_has_the_id_of_its_request(world: World) -> None:
    first, second = (world.stranger.get("/livez").headers["x-request-id"] for _ in range(2))
    assert first != second
    given = world.stranger.get("/livez", headers={"X-Request-Id": "proxy-12345678"}).headers["x-request-id"]
    assert given == "proxy-12345678"
    bad = world.stranger.get("/livez", headers={"X-Request-Id": "a b"}).headers["x-request-id"]
    assert bad != "a b"
