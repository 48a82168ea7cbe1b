"""A tenant out of the box and into it over HTTP."""

import errno

import pytest
from litestar.datastructures import UploadFile

from appliance.domain import box_keys, tasks, users
from appliance.domain.box_keys import NewBoxKey
from appliance.domain.task_forms import NewTask
from appliance.domain.tenants import by_slug
from appliance.web import box_bundles
from tests.bundles.forging import Forged
from tests.world import World

API = "/api/v1/box/tenants"
HERE = "/box/tenants/import"
PHRASE = {"x-bundle-passphrase": "nine apples in a box"}


@pytest.fixture
def content(world: World) -> bytes:
    with world.db() as db:
        tasks.create(db, world.alice.actor, NewTask("First"))
    reply = world.alice.get(f"{API}/acme/export")
    assert reply.headers["content-disposition"] == 'attachment; filename="acme.agenthq"'
    assert int(reply.headers["content-length"]) == len(reply.content)
    assert "content-encoding" not in reply.headers
    return reply.content


def test_a_tenant_goes_out_and_comes_in(world: World, content: bytes) -> None:
    reply = world.alice.post(f"{API}/import?slug=copy&name=Copy&people=true", content=content)

    assert reply.status_code == 201
    assert reply.json()["tenant"]["name"] == "Copy"
    assert sorted(reply.json()["joined"]) == ["alice@acme.test", "bob@acme.test", "otto@acme.test"]
    with world.control() as control, world.db(by_slug(control, "copy")) as db:
        assert tasks.get(db, "1").title == "First"


def test_an_import_says_who_becomes_its_owner_and_which_plan_it_is_on(world: World, content: bytes) -> None:
    wish = {"slug": "copy", "owner": "otto@acme.test", "plan": "growth"}
    made = world.alice.post(f"{API}/import", params=wish, content=content).json()
    assert (made["tenant"]["plan"], made["joined"]) == ("growth", ["otto@acme.test"])
    assert world.otto.get("/t/copy/").status_code == 200
    assert world.alice.get("/t/copy/").status_code == 404

    for name, value in (("owner", "no@body.test"), ("plan", "gold")):
        refused = world.alice.post(f"{API}/import", params={"slug": "other", name: value}, content=content)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, [name])


def test_an_import_is_tried_without_keeping_anything(world: World, content: bytes) -> None:
    tried = world.alice.post(f"{API}/import?slug=copy&check=true", content=content)
    assert (tried.status_code, tried.json()["report"]["rows"]["tasks"]) == (200, 1)
    assert world.alice.get(f"{API}/copy").status_code == 404


def test_a_key_of_the_box_brings_nobody_new(world: World, content: bytes) -> None:
    with world.control() as control:
        robot = world.program(box_keys.create(control, world.alice.actor, NewBoxKey("Terraform")).secret)
        control.execute("DELETE FROM sessions")
        control.execute("DELETE FROM memberships WHERE user_id = :id", {"id": world.bob.member.id})
        control.delete("users", id=world.bob.member.id)
    made = robot.post(f"{API}/import?slug=copy&people=true", content=content).json()

    assert (made["joined"], made["strangers"]) == (["alice@acme.test", "otto@acme.test"], ["bob@acme.test"])
    with world.control() as control:
        assert "bob@acme.test" not in [user.email for user in users.every(control)]


def test_a_tenant_is_copied_over_the_api(world: World, content: bytes) -> None:
    made = world.alice.post(f"{API}/acme/fork", json={"slug": "copy", "owner": "otto@acme.test"})
    assert (made.status_code, made.json()["tenant"]["name"], made.json()["joined"]) == (201, "Acme", ["otto@acme.test"])
    with world.control() as control, world.db(by_slug(control, "copy")) as db:
        assert tasks.get(db, "1").title == "First"
    assert world.alice.post(f"{API}/acme/fork", json={"slug": "copy"}).json()["errors"] == {"slug": "is taken"}
    assert world.charlie.post(f"{API}/globex/fork", json={"slug": "mine"}).status_code == 404


def test_a_tenant_is_copied_on_its_page_with_whoever_acts_as_its_owner(world: World, content: bytes) -> None:
    page = world.alice.get("/box/tenants/globex").text
    assert 'action="/box/tenants/globex/fork"' in page and 'value="alice@acme.test"' in page
    new = {"slug": "copy", "owner": "alice@acme.test", "people": "true"}
    answer = world.alice.post("/box/tenants/globex/fork", data=new)
    assert (answer.status_code, answer.headers["location"]) == (303, "/box/tenants/copy")
    shown = world.alice.get("/box/tenants/copy").text
    assert "Alice" in shown and "Charlie" in shown
    assert world.alice.get("/t/copy/").status_code == 200

    refused = world.alice.post("/box/tenants/globex/fork", data=new | {"owner": "no@body.test", "slug": "other"})
    assert refused.status_code == 422
    assert "no such person" in refused.text and 'value="no@body.test"' in refused.text
    assert world.charlie.post("/box/tenants/globex/fork", data=new | {"slug": "mine"}).status_code == 404


def test_a_bundle_is_brought_in_on_a_page(world: World, content: bytes) -> None:
    assert 'href="/box/tenants/import"' in world.alice.get("/box/tenants").text
    page = world.alice.get(HERE).text
    assert 'enctype="multipart/form-data"' in page and 'value="alice@acme.test"' in page
    wish = {"slug": "copy", "name": "", "owner": "alice@acme.test", "plan": "", "passphrase": ""}

    tried = world.alice.post(HERE, data=wish | {"check": "true"}, files={"file": content})
    assert tried.status_code == 200
    assert "Nothing was kept" in tried.text and 'value="copy"' in tried.text and "otto@acme.test" in tried.text
    assert world.alice.get("/box/tenants/copy").status_code == 404

    made = world.alice.post(HERE, data=wish, files={"file": content})
    assert (made.status_code, made.headers["location"]) == (303, "/box/tenants/copy")
    shown = world.alice.get("/box/tenants/copy").text
    assert "Its schedules are disarmed" in shown and "Without a way in" in shown
    assert world.alice.get("/t/copy/").status_code == 200
    assert world.charlie.post(HERE, data=wish | {"slug": "mine"}, files={"file": content}).status_code == 404


@pytest.mark.parametrize(
    ("change", "sent", "said"),
    [
        ({}, {}, "is required"),
        ({}, {"file": ("empty.agenthq", b"")}, "ends too early"),
        ({}, {"file": ("bundle.agenthq", b"PK")}, "not sound zstd"),
        ({"slug": "acme"}, None, "is taken"),
        ({"slug": "../x"}, None, "3 to 40"),
        ({"owner": "no@body.test"}, None, "no such person"),
    ],
)
def test_what_is_wrong_with_an_import_is_said_on_the_page(
    world: World, content: bytes, change: dict[str, str], sent: dict[str, bytes] | None, said: str
) -> None:
    wish = {"slug": "copy", "owner": "otto@acme.test"} | change
    refused = world.alice.post(HERE, data=wish, files={"file": content} if sent is None else sent or {"x": b"1"})
    assert (refused.status_code, said in refused.text) == (422, True)
    assert f'value="{wish["owner"]}"' in refused.text


def test_a_tenant_is_taken_along_from_its_page(world: World) -> None:
    assert 'action="/box/tenants/acme/export"' in world.alice.get("/box/tenants/acme").text
    packed = world.alice.post("/box/tenants/acme/export", data={"passphrase": PHRASE["x-bundle-passphrase"]})
    assert packed.headers["content-disposition"] == 'attachment; filename="acme.agenthq"'
    assert "content-encoding" not in packed.headers

    sent = {"slug": "copy", "passphrase": "", "owner": ""}
    refused = world.alice.post(HERE, data=sent, files={"file": packed.content})
    assert (refused.status_code, "passphrase" in refused.text) == (422, True)
    made = world.alice.post(HERE, data=sent | {"passphrase": "nine apples in a box"}, files={"file": packed.content})
    assert made.status_code == 303
    assert world.charlie.post("/box/tenants/globex/export", data={}).status_code == 404


def test_a_full_disk_is_told_while_a_bundle_comes(
    world: World, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(UploadFile, "write", full)
    refused = world.alice.post(HERE, data={"slug": "copy"}, files={"file": content})
    assert (refused.status_code, "A disk of this server is full" in refused.text) == (507, True)


def test_secrets_come_under_a_passphrase(world: World) -> None:
    packed = world.alice.get(f"{API}/acme/export", headers=PHRASE).content

    assert world.alice.post(f"{API}/import?slug=copy", content=packed).status_code == 400
    assert world.alice.post(f"{API}/import?slug=copy", content=packed, headers=PHRASE).status_code == 201


def test_a_tampered_bundle_is_refused_with_its_reason(world: World, content: bytes) -> None:
    forged = Forged(content)
    forged.set("tasks", "title", 7)

    for body, reason in ((forged.pack(), "does not fit its table"), (b"", "ends too early"), (b"PK", "not sound zstd")):
        reply = world.alice.post(f"{API}/import?slug=copy", content=body)
        assert (reply.status_code, reply.json()["code"]) == (422, "bad_bundle")
        assert reason in reply.json()["detail"]


def test_a_bundle_that_is_too_large_is_refused_while_it_comes(
    world: World, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box_bundles, "UPLOAD_MOST", 100)

    assert world.alice.post(f"{API}/import?slug=copy", content=content).status_code == 413


@pytest.mark.parametrize("slug", ["acme", "../x", ""])
def test_a_slug_that_is_taken_or_bad_is_refused(world: World, content: bytes, slug: str) -> None:
    reply = world.alice.post(f"{API}/import", params={"slug": slug}, content=content)

    assert reply.status_code in (400, 409)
    assert reply.json()["errors"]["slug"]


def test_charlie_gets_404(world: World, content: bytes) -> None:
    assert world.charlie.get(f"{API}/globex/export").status_code == 404
    assert world.charlie.post(f"{API}/import?slug=copy", content=content).status_code == 404
    assert world.stranger.get(f"{API}/acme/export").status_code == 401


def test_nothing_is_left_in_the_data_folder(world: World, content: bytes) -> None:
    world.alice.post(f"{API}/import?slug=copy", content=content)

    files = {path.name for path in world.catalogue.folder.iterdir() if path.is_file()}
    assert {name for name in files if "control" not in name and not name.endswith((".lock", ".db"))} == set()
