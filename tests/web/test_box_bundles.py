"""A tenant out of the box and into it over HTTP."""

import pytest

from appliance.domain import tasks
from appliance.domain.task_forms import NewTask
from appliance.domain.tenants import by_slug
from appliance.web import box_bundles
from tests.bundles.forging import Forged
from tests.world import World

API = "/api/v1/box/tenants"
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
