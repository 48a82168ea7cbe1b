"""The postman beside the engine: reads, sends, and is never in the way of work."""

import threading
from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain.notices import deriving, lists
from appliance.engine.postman import Postman
from appliance.gateway.mail import Server
from appliance.post import Post
from tests.domain.telling import Room, enter
from tests.sinks import MailSink, mail_sink
from tests.waiting import until
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def room(world: World, db: Database) -> Room:
    return enter(world, db)


@pytest.fixture
def mailbox() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture
def postman(world: World, mailbox: MailSink) -> Iterator[Postman]:
    server = Server("127.0.0.1", mailbox.port, "none", "", "", "hq@acme.test")
    made = Postman(world.catalogue, Post(world.vault, world.calls.accounts.gateway, server, lambda: "https://hq.test"))
    yield made
    made.stop()


def test_a_round_reads_what_happened_and_has_it_sent(room: Room, postman: Postman, mailbox: MailSink) -> None:
    room.desk.ask()
    postman.round()
    until(lambda: len(mailbox.got) == 1)
    until(lambda: room.notices(room.world.alice)[0].state == "sent")
    postman.round()
    assert len(mailbox.got) == 1


def test_a_receiver_that_does_not_answer_holds_up_no_round(
    room: Room, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending, go_on = threading.Event(), threading.Event()

    def slow(*args: object) -> int:
        sending.set()
        assert go_on.wait(20)
        return 0

    monkeypatch.setattr(Post, "send_due", slow)
    room.desk.ask()
    postman.round()
    assert sending.wait(20)
    room.desk.ask(step_key="next", title="Next")
    postman.round()
    assert room.told(room.world.alice) == ["Send the letter", "Next"]
    go_on.set()


def test_a_tenant_that_breaks_harms_no_other(
    room: Room, world: World, postman: Postman, mailbox: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = deriving.read

    def breaks(db: Database, *args: object) -> int:
        if db.name == world.globex.id:
            raise RuntimeError("broken")
        return real(db, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(deriving, "read", breaks)
    room.desk.ask()
    postman.round()
    until(lambda: len(mailbox.got) == 1)


def test_people_of_another_tenant_hear_nothing(room: Room, world: World, postman: Postman, mailbox: MailSink) -> None:
    room.desk.ask()
    postman.round()
    until(lambda: len(mailbox.got) == 1)
    with world.db(world.globex) as other:
        assert lists.counts(other) == {}
    assert [got["To"] for got in mailbox.got] == ["alice@acme.test"]


def test_a_postman_that_stops_leaves_the_rest_in_the_outbox(room: Room, world: World, postman: Postman) -> None:
    postman.stop()
    room.desk.ask()
    room.read()
    assert [one.state for one in room.notices(world.alice)] == ["queued"]
