"""The room of backups: its owners see how it stands and act; nobody else finds it."""

from pathlib import Path
from typing import Any

import pytest

from appliance.backup import due, making
from appliance.backup.due import Keeper
from appliance.backup.means import Means
from appliance.domain.actor import SYSTEM
from tests.world import MASTER, PASSWORD, World

API = "/api/v1/box/backups"
HOME = "/box/backups"


def means(world: World) -> Means:
    return Means(world.catalogue, world.vault)


@pytest.mark.parametrize("path", [HOME, f"{HOME}/list", API, f"{API}/list", f"{API}/drills"])
def test_charlie_gets_404(world: World, path: str) -> None:
    assert world.charlie.get(path).status_code == 404
    assert world.alice.get(path).status_code == 200


@pytest.mark.parametrize("path", [f"{HOME}/kit", f"{HOME}/ask", f"{HOME}/targets", f"{HOME}/targets/remove"])
def test_charlie_changes_nothing(world: World, path: str) -> None:
    assert world.charlie.post(path, data={"what": "run", "password": PASSWORD}).status_code == 404


def test_an_empty_room_says_what_to_do(world: World) -> None:
    page = world.alice.get(HOME).text
    assert "No backup yet" in page
    assert "The recovery kit is not confirmed" in page
    assert "All backups are on the disk of this box" in page


def test_a_backup_that_was_asked_for_is_made_and_drilled_and_shown(world: World) -> None:
    keeper = Keeper(means(world))
    assert world.alice.post(f"{HOME}/ask", data={"what": "run"}).status_code == 303
    # The form's own answer comes first, and once.
    assert "Asked for: a backup" not in world.alice.get(HOME).text
    assert "Asked for: a backup" in world.alice.get(HOME).text
    keeper.look()
    assert world.alice.post(f"{API}/drill").status_code == 202
    keeper.look()

    standing: dict[str, Any] = world.alice.get(API).json()
    assert [(each["slug"], each["copies"]) for each in standing["owners"]] == [("acme", 1), ("globex", 1), ("", 1)]
    assert all(each["proven_at"] for each in standing["owners"])
    page = world.alice.get(HOME).text
    assert "Last proven restore" in page
    assert "not yet" not in page
    listed = world.alice.get(f"{API}/list", params={"limit": 2}).json()
    assert len(listed["items"]) == 2
    rest = world.alice.get(f"{API}/list", params={"cursor": listed["next_cursor"]}).json()
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)


def test_a_target_is_added_tested_and_forgotten(world: World, tmp_path: Path) -> None:
    form = {"name": "disk", "kind": "folder", "path": str(tmp_path / "disk")}
    bad = world.alice.post(f"{HOME}/targets", data=form | {"path": "relative"})
    assert (bad.status_code, "give a path from the root" in bad.text) == (422, True)
    assert 'value="relative"' in bad.text

    assert world.alice.post(f"{HOME}/targets", data=form).status_code == 303
    assert str(tmp_path / "disk") in world.alice.get(HOME).text
    assert world.alice.post(f"{HOME}/targets/test", data={"name": "disk"}).status_code == 303
    assert world.alice.delete(f"{API}/targets/disk").status_code == 204
    assert world.alice.delete(f"{API}/targets/here").status_code == 409


def test_a_secret_never_comes_back(world: World) -> None:
    new = {"name": "cloud", "kind": "s3", "endpoint": "http://127.0.0.1:1", "bucket": "b", "access_key": "k"}
    reply = world.alice.post(f"{API}/targets", json=new | {"secret": ""})
    assert (reply.status_code, "secret" in reply.json()["errors"]) == (400, True)


def test_the_kit_needs_the_password_and_is_confirmed_by_its_code(world: World) -> None:
    refused = world.alice.post(f"{HOME}/kit", data={"password": "wrong"})
    assert (refused.status_code, MASTER.hex()[:4] in refused.text) == (422, False)

    kit = world.alice.post(f"{HOME}/kit", data={"password": PASSWORD})
    assert kit.headers["content-disposition"].endswith('"agenthq-recovery-kit.txt"')
    assert kit.headers["cache-control"] == "no-store"
    code = kit.text.split("Code ")[1].split()[0]
    assert world.alice.post(f"{HOME}/kit/confirm", data={"code": "no"}).status_code == 422
    assert world.alice.post(f"{HOME}/kit/confirm", data={"code": code}).status_code == 303
    assert "is not confirmed" not in world.alice.get(HOME).text
    assert world.alice.get(API).json()["kit"]["confirmed_at"]


def test_the_schedule_is_changed_and_a_wrong_one_refused(world: World) -> None:
    form = {"every_hours": "1", "at": "03:00", "drill_days": "7", "on": "true"}
    assert world.alice.post(f"{HOME}/plan", data=form).status_code == 303
    assert world.alice.get(API).json()["plan"] == {"on": True, "every_hours": 1, "at": "03:00", "drill_days": 7}
    refused = world.alice.post(f"{HOME}/plan", data=form | {"at": "late"})
    assert (refused.status_code, "give a time such as" in refused.text) == (422, True)
    assert world.alice.put(f"{API}/plan", json={"every_hours": 5}).status_code == 400


def test_why_a_backup_failed_is_shown(world: World, tmp_path: Path) -> None:
    form = {"name": "disk", "kind": "folder", "path": str(tmp_path / "disk")}
    world.alice.post(f"{HOME}/targets", data=form)
    (tmp_path / "disk").write_text("in the way")
    making.run(means(world), SYSTEM)
    page = world.alice.get(HOME).text
    assert "last try failed" in page
    assert "could not be used" in page
    with world.control() as control:
        assert due.asked(control) == ""
