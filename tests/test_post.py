"""The post: from the outbox over the wire, at least once and under one name, whatever dies in between."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import events
from appliance.domain.actor import SYSTEM
from appliance.domain.notices import digests, outbox
from appliance.gateway.mail import Server
from appliance.post import Post, server_of
from appliance.settings import load
from tests.domain.telling import Room, enter
from tests.sinks import MailSink, WebSink, mail_sink, web_sink
from tests.world import World

BASE = "https://hq.acme.test"


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
def web() -> Iterator[WebSink]:
    with web_sink() as sink:
        yield sink


def post(room: Room, sink: MailSink | None = None) -> Post:
    world = room.world
    server = Server("127.0.0.1", sink.port, "none", "", "", "hq@acme.test") if sink else None
    return Post(world.vault, world.calls.accounts.gateway, server, lambda: BASE)


def send(room: Room, sink: MailSink | None = None) -> int:
    return post(room, sink).send_due(room.db, room.world.acme)


def test_a_mail_says_what_is_asked_and_leads_there(room: Room, mailbox: MailSink) -> None:
    asked = room.desk.ask(estimate_nano=2_500_000_000, expires_s=86_400, title="Send <b>the</b> letter")
    room.read()
    assert send(room, mailbox) == 1
    [got] = mailbox.got
    text, html = (part.get_content() for part in got.iter_parts())
    link = f"{BASE}/t/acme/approvals/{asked.id}"
    assert (got["To"], got["Subject"]) == ("alice@acme.test", "[Acme] Send <b>the</b> letter")
    for part in (
        link,
        "$2.50",
        "Decide by:",
        "If nobody decides by then, it is not done.",
        "Nothing is decided by this",
    ):
        assert part in text
    assert link in html and "&lt;b&gt;" in html and "<b>" not in html
    # No link in it decides anything: a scanner that opens every link changes nothing.
    assert "approve" not in text.lower() and "approve" not in html.lower()
    assert (send(room, mailbox), room.notices(room.world.alice)[0].state) == (0, "sent")


def test_a_secret_is_taken_out(room: Room, world: World, mailbox: MailSink) -> None:
    world.vault.seal(world.acme.id, "t|r|c|1", "tok-3n-of-the-bank-9")
    room.desk.ask("question", title="Is tok-3n-of-the-bank-9 right?", detail="Use tok-3n-of-the-bank-9.")
    room.read()
    send(room, mailbox)
    assert "tok-3n" not in mailbox.got[0].as_string()
    assert mailbox.got[0]["Subject"] == "[Acme] Is [secret] right?"


def test_a_webhook_carries_the_notice_signed(room: Room, web: WebSink) -> None:
    room.channel(kind="webhook", url=f"{web.url}/in", kinds=["decisions"])
    asked = room.desk.ask(estimate_nano=5)
    room.read()
    assert send(room) == 1
    [got] = web.got
    told, [notice] = json.loads(got.body), room.notices()
    assert (told["type"], told["data"]["approval_id"], told["data"]["amount_nano"]) == (
        "approval.requested",
        asked.id,
        5,
    )
    assert told["data"]["url"] == f"{BASE}/t/acme/approvals/{asked.id}"
    assert got.headers["webhook-id"] == notice.id == told["data"]["id"]
    assert got.headers["webhook-signature"].startswith("v1,")


def test_ntfy_gets_its_json_and_its_token(room: Room, world: World, web: WebSink) -> None:
    phone = room.channel(world.alice, url=web.url, secret="tk_abc123def456")
    room.wish(world.alice, "mine", place=phone)
    room.desk.ask()
    room.read()
    assert send(room) == 1
    [got] = web.got
    told = json.loads(got.body)
    assert (got.path, got.headers["authorization"]) == ("/", "Bearer tk_abc123def456")
    assert (told["topic"], told["title"], told["priority"]) == ("acme", "[Acme] Send the letter", 4)
    assert told["click"].startswith(f"{BASE}/t/acme/approvals/")


def test_a_members_channel_reaches_no_private_address(room: Room, world: World, web: WebSink) -> None:
    room.wish(world.otto, "decisions", place=room.channel(world.otto, url=web.url))
    room.desk.ask()
    room.read()
    assert (send(room), web.got) == (0, [])
    [refused] = room.notices(world.otto)
    assert (refused.state, "not public" in refused.detail) == ("failed", True)


def test_killed_between_sending_and_recording_it_goes_again_under_the_same_name(
    room: Room, web: WebSink, mailbox: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.channel(kind="webhook", url=web.url, kinds=["decisions"])
    room.desk.ask()
    room.read()

    def dies(*args: object) -> bool:
        raise KeyboardInterrupt

    for _ in range(2):
        with monkeypatch.context() as killed:
            killed.setattr(outbox, "sent", dies)
            with pytest.raises(KeyboardInterrupt):
                send(room, mailbox)
    assert (len(web.got), len(mailbox.got)) == (1, 1)
    assert send(room, mailbox) == 0
    with clock.frozen(clock.now() + timedelta(seconds=outbox.LEASE_S + 1)):
        assert send(room, mailbox) == 2
    assert len({got.headers["webhook-id"] for got in web.got}) == len({got["Message-ID"] for got in mailbox.got}) == 1
    assert (len(web.got), len(mailbox.got)) == (2, 2)


def test_what_fails_is_sent_later_and_others_wait_with_it(room: Room, web: WebSink) -> None:
    room.channel(kind="webhook", url=web.url, kinds=["decisions"])
    for n in range(3):
        room.desk.ask(step_key=f"n{n}", title=f"Letter {n}")
    room.read()
    web.statuses = [503]
    assert (send(room), len(web.got)) == (0, 1)
    found = room.notices()
    assert [one.tries for one in found] == [1, 0, 0]
    assert {one.due_at for one in found} == {found[0].due_at}
    with clock.frozen(clock.parse(found[0].due_at)):
        assert (send(room), len(web.got)) == (3, 4)
    assert [json.loads(got.body)["data"]["title"] for got in web.got[1:]] == ["Letter 0", "Letter 1", "Letter 2"]


def test_one_wrong_address_holds_up_no_other_mail(room: Room, world: World, mailbox: MailSink) -> None:
    room.wish(world.otto, "decisions")
    room.desk.ask()
    room.read()
    mailbox.answers = ["550 no such user"]
    assert (send(room, mailbox), len(mailbox.got)) == (1, 1)


def test_a_summary_lists_everything(room: Room, world: World, mailbox: MailSink) -> None:
    today = clock.now()
    quiet = {"starts": today.strftime("%H:%M"), "ends": today.strftime("%H:%M")}
    room.wish(world.alice, "mine", quiet=quiet)
    for n in range(2):
        room.desk.ask(step_key=f"n{n}", title=f"Letter {n}")
    room.read()
    assert send(room, mailbox) == 0
    with clock.frozen(clock.parse(room.notices(world.alice)[0].due_at)):
        digests.fold(room.db)
        assert send(room, mailbox) == 1
    [got] = mailbox.got
    assert got["Subject"] == "[Acme] 2 things happened during your quiet hours"
    lines = [part.get_content() for part in got.iter_parts()][0].splitlines()
    assert [line for line in lines if line.startswith("- ")] == ["- Letter 0", "- Letter 1"]


def test_a_test_is_sent_at_once_and_never_again(room: Room, world: World, web: WebSink) -> None:
    phone = room.channel(world.alice, url=web.url)
    web.statuses = [500]
    office = post(room)
    for state in ("failed", "sent"):
        found = office.test(room.db, world.alice.actor, world.acme, world.alice.member.id, phone, "ntfy")
        assert (found.state, found.content.title) == (state, "This is a test")
    assert outbox.due(room.db) == []


def test_a_key_that_no_longer_opens_a_secret_is_not_the_receivers_fault(room: Room, web: WebSink) -> None:
    room.channel(kind="webhook", url=web.url, kinds=["decisions"])
    room.desk.ask()
    room.read()
    other = Vault(b"x" * 32, lambda _: "")
    broken = Post(other, room.world.calls.accounts.gateway, None, lambda: BASE)
    assert (broken.send_due(room.db, room.world.acme), web.got) == (0, [])
    assert room.notices()[0].state == "queued"


def test_a_failure_to_deliver_is_no_news_of_its_own(room: Room) -> None:
    with room.db.transaction():
        events.record(room.db, SYSTEM, "notice.failed", notice_id="n", channel="email")
    room.read()
    assert room.told(room.world.alice) == []


def test_the_settings_name_the_mail_server(tmp_path: object) -> None:
    given = {"AGENTHQ_SMTP_HOST": "mail.acme.test", "AGENTHQ_SMTP_PORT": "465", "AGENTHQ_SMTP_SECURITY": "tls"}
    found = server_of(load({"data": str(tmp_path)}, given))
    assert found == Server("mail.acme.test", 465, "tls", "", "", "agenthq@mail.acme.test")
    assert server_of(load({"data": str(tmp_path)}, {})) is None
