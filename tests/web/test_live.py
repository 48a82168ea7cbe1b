"""The live stream: what happens, what was missed, and nobody else's."""

import threading
from contextlib import AbstractContextManager

import httpx
import pytest

from appliance.db.tenants import open_catalogue
from appliance.domain import events, keys, sessions
from appliance.domain.key_forms import NewKey
from appliance.domain.tenants import Tenant
from appliance.web import live
from tests.world import Browser, World


class Reader:
    """The events of one open stream, read as they come."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.kind = answer.headers["content-type"]
        self._lines = answer.iter_lines()

    def next(self) -> dict[str, str]:
        """The next event (or comment) as its fields."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and fields:
                return fields
            name, _, value = line.partition(": ")
            fields[name] = value
        return {"end": "yes"}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PING_SECONDS", 0.05)
    monkeypatch.setattr(live, "POLL_SECONDS", 0.05)


def happen(world: World, number: int = 1, tenant: Tenant | None = None) -> int:
    """Record events; the number of the last."""
    seq = 0
    with world.db(tenant) as db, db.transaction():
        for _ in range(number):
            seq = events.record(db, world.alice.actor, "task.created", task_id="t1")
    return seq


def stream(browser: Browser, after: int | None = None, resume: str = "") -> AbstractContextManager[httpx.Response]:
    query = "" if after is None else f"?after={after}"
    headers = {"last-event-id": resume} if resume else {}
    return browser.stream("GET", f"{browser.api}/events/stream{query}", headers=headers)


def test_what_happens_arrives_at_once(world: World) -> None:
    with stream(world.alice) as answer:
        reader = Reader(answer)
        assert (reader.status, reader.kind.partition(";")[0]) == (200, "text/event-stream")
        assert reader.next() == {"retry": "2000"}
        seq = happen(world)
        said = reader.next()
        assert said["id"] == str(seq)
        assert '"kind":"task.created"' in said["data"]
        assert '"task_id":"t1"' in said["data"]


def test_what_was_missed_comes_first(world: World) -> None:
    last = happen(world, 3)
    with stream(world.alice, resume=str(last - 2)) as answer:
        reader = Reader(answer)
        assert [reader.next().get("id") for _ in range(3)] == [None, str(last - 1), str(last)]


def test_the_page_says_where_to_go_on(world: World) -> None:
    last = happen(world, 2)
    with stream(world.alice, last - 1) as answer:
        reader = Reader(answer)
        assert [reader.next().get("id") for _ in range(2)] == [None, str(last)]


@pytest.mark.parametrize("behind", ["0", "99999999", "junk", "-1", "9" * 40])
def test_too_far_behind_is_a_gap(world: World, monkeypatch: pytest.MonkeyPatch, behind: str) -> None:
    monkeypatch.setattr(live, "BEHIND", 5)
    last = happen(world, 8)
    with stream(world.alice, resume=behind) as answer:
        reader = Reader(answer)
        reader.next()
        assert reader.next() == {"id": str(last), "event": "gap", "data": "{}"}
        assert happen(world) == last + 1
        assert reader.next()["id"] == str(last + 1)


def test_tenants_hear_only_their_own(world: World) -> None:
    with stream(world.charlie) as answer:
        reader = Reader(answer)
        reader.next()
        happen(world, 3)
        seq = happen(world, 1, world.globex)
        assert reader.next()["id"] == str(seq)


def test_many_readers_each_hear_everything_once(world: World) -> None:
    heard: list[list[str]] = []
    ready = threading.Barrier(6)

    def listen() -> None:
        with stream(world.alice) as answer:
            reader = Reader(answer)
            reader.next()
            ready.wait(10)
            heard.append([reader.next()["id"] for _ in range(20)])

    threads = [threading.Thread(target=listen) for _ in range(5)]
    for thread in threads:
        thread.start()
    ready.wait(10)
    first = happen(world, 10) - 9
    happen(world, 10)
    for thread in threads:
        thread.join(10)
    assert heard == [[str(seq) for seq in range(first, first + 20)]] * 5


def test_another_process_is_heard_too(world: World, quick: None) -> None:
    with stream(world.alice) as answer:
        reader = Reader(answer)
        reader.next()
        folder = world.catalogue.folder
        if (folder / "control.db").exists():
            other = open_catalogue(folder)
            with other.open(world.acme.id) as db, db.transaction():
                seq = events.record(db, world.alice.actor, "task.created")
        else:
            with world.db() as db, db.transaction():
                seq = events.record(db, world.alice.actor, "task.created")
                db._announced.clear()
        while "ping" in str(said := reader.next()):
            """Wait for the event."""
        assert said["id"] == str(seq)


def test_a_quiet_stream_is_kept_open(world: World, quick: None) -> None:
    with stream(world.alice) as answer:
        reader = Reader(answer)
        assert [reader.next() for _ in range(3)][1:] == [{"": "ping"}] * 2


def test_a_stream_ends_with_its_session(world: World, quick: None) -> None:
    with stream(world.alice) as answer:
        reader = Reader(answer)
        reader.next()
        with world.control() as control:
            sessions.revoke_all(control, world.alice.actor, world.alice.member.id)
        while (said := reader.next()) != {"end": "yes"}:
            assert said == {"": "ping"}


def test_a_key_may_listen(world: World) -> None:
    with world.control() as control:
        made = keys.create(control, world.alice.actor, world.acme.id, NewKey("listener", "viewer"))
    with world.program(made.secret).stream("GET", "/api/v1/events/stream") as answer:
        reader = Reader(answer)
        reader.next()
        seq = happen(world)
        assert reader.next()["id"] == str(seq)


def test_there_is_an_end_to_streams(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STREAMS", 1)
    with stream(world.alice) as answer:
        Reader(answer).next()
        refused = world.otto.get(world.otto.api + "/events/stream")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert refused.headers["retry-after"] == "5"


def test_a_stopping_server_ends_its_streams(world: World) -> None:
    with stream(world.alice) as answer:
        reader = Reader(answer)
        reader.next()
        world.app.state.live.end()
        assert reader.next() == {"end": "yes"}
    assert world.alice.get(world.alice.api + "/events/stream").status_code == 503


def test_leaving_frees_the_place(world: World) -> None:
    hub = world.app.state.live
    with stream(world.alice) as answer:
        Reader(answer).next()
        assert hub.streams == 1
    for _ in range(200):
        if not hub.streams:
            break
        threading.Event().wait(0.01)
    assert hub.streams == 0
