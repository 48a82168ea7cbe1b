"""Sending: under a lease, again after a failure, given up after most of a day."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain.notices import channels, lists, outbox, rows
from appliance.domain.notices.channels import NewChannel
from appliance.domain.notices.rows import Notice
from appliance.errors import Problem
from tests.domain.telling import Room, enter
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def room(world: World, db: Database) -> Room:
    return enter(world, db)


@pytest.fixture
def queued(room: Room, world: World) -> Notice:
    room.desk.ask()
    room.read()
    return room.notices(world.alice)[0]


def held(db: Database) -> Notice:
    taken = outbox.take(db, outbox.due(db)[0])
    assert taken
    return taken


def test_one_sender_takes_it(db: Database, queued: Notice) -> None:
    assert outbox.take(db, queued)
    assert outbox.take(db, queued) is None
    assert outbox.due(db) == []


def test_a_dead_senders_notice_goes_again_under_the_same_id(db: Database, queued: Notice) -> None:
    first = held(db)
    with clock.frozen(clock.now() + timedelta(seconds=outbox.LEASE_S + 1)):
        second = held(db)
        assert (second.id, second.attempts) == (first.id, 2)
        assert not outbox.sent(db, first)
        assert outbox.sent(db, second)
    assert rows.get(db, queued.id).state == "sent"


def test_failures_wait_longer_and_longer_and_end_within_a_day(db: Database, queued: Notice) -> None:
    start = moment = clock.now()
    waits = []
    while True:
        with clock.frozen(moment):
            next_at = outbox.not_sent(db, held(db), "Nobody answered.")
            if not next_at:
                break
            waits.append(clock.seconds_between(clock.iso(moment), next_at))
            assert outbox.due(db) == []
            moment = clock.parse(next_at)
    assert len(waits) == len(outbox.DELAYS_S)
    assert all(0.8 * usual <= waited <= 1.2 * usual for waited, usual in zip(waits, outbox.DELAYS_S, strict=True))
    assert any(waited != usual for waited, usual in zip(waits, outbox.DELAYS_S, strict=True))
    assert timedelta(hours=15) < moment - start < timedelta(hours=24)
    found = rows.get(db, queued.id)
    assert (found.state, found.detail, found.tries) == ("failed", "Nobody answered.", 11)
    assert db.value("SELECT COUNT(*) AS n FROM events WHERE kind = 'notice.failed'") == 1


def test_what_can_never_arrive_is_given_up_at_once(db: Database, queued: Notice) -> None:
    assert outbox.not_sent(db, held(db), "No such address.", again=False) == ""
    assert rows.get(db, queued.id).state == "failed"


def test_one_that_waits_for_another_loses_no_try(db: Database, queued: Notice) -> None:
    later = clock.ahead(600)
    outbox.defer(db, queued, later)
    found = rows.get(db, queued.id)
    assert (found.due_at, found.tries, found.attempts) == (later, 0, 0)


def test_what_was_settled_long_ago_is_forgotten_but_not_what_failed(db: Database, room: Room, queued: Notice) -> None:
    outbox.sent(db, held(db))
    room.desk.ask(step_key="next")
    room.read()
    outbox.not_sent(db, held(db), "No.", again=False)
    with clock.frozen(clock.now() + timedelta(days=outbox.KEPT_DAYS + 1)):
        assert outbox.prune(db) == 1
    assert lists.counts(db) == {"failed": 1}


def test_the_list_is_paged_and_filtered(db: Database, room: Room, world: World, queued: Notice) -> None:
    for n in range(4):
        room.desk.ask(step_key=f"n{n}", title=f"Letter {n}")
    room.read()
    found, cursor = list[str](), ""
    while True:
        page = lists.listing(db, world.alice.member.id, limit=2, cursor=cursor)
        found += [one.content.title for one in page.items]
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    assert found == ["Letter 3", "Letter 2", "Letter 1", "Letter 0", "Send the letter"]
    assert lists.listing(db, state="sent").items == []
    with pytest.raises(Problem):
        lists.listing(db, state="lost")


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewChannel("webhook", "ftp://x.test"), "url"),
        (NewChannel("webhook", "https://user:pass@x.test"), "url"),
        (NewChannel("webhook", "https://x.test:99999"), "url"),
        (NewChannel("webhook", "https://[x"), "url"),
        (NewChannel("webhook", "https://x.test", secret="whsec_short"), "secret"),
        (NewChannel("ntfy", "https://x.test", topic="a b"), "topic"),
        (NewChannel("webhook", "https://x.test", name="x" * 101), "name"),
        (NewChannel("webhook", "https://x.test", kinds=["mine"]), "kinds"),
    ],
)
def test_a_channel_that_leads_nowhere_is_refused(world: World, db: Database, new: NewChannel, field: str) -> None:
    with pytest.raises(Problem) as refused:
        channels.add(db, world.alice.actor, world.vault, channels.TENANT, new)
    assert list(refused.value.errors) == [field]


def test_a_channels_secret_is_sealed_and_its_end_shown(world: World, db: Database) -> None:
    made = channels.add(db, world.alice.actor, world.vault, "", NewChannel("webhook", "https://x.test/in"))
    assert made.secret.startswith("whsec_") and made.channel.secret_hint == made.secret[-4:]
    stored = db.one("SELECT * FROM notice_channels")
    assert stored and made.secret not in str(stored)
    assert channels.opened(db, world.vault, made.channel.id) == made.secret


def test_rights_over_channels(world: World, db: Database) -> None:
    with pytest.raises(Problem, match="needs the role admin"):
        channels.add(db, world.otto.actor, world.vault, channels.TENANT, NewChannel("webhook", "https://x.test"))
    own = channels.add(db, world.otto.actor, world.vault, "otto", NewChannel("webhook", "https://x.test")).channel
    tenants = channels.add(db, world.alice.actor, world.vault, "", NewChannel("webhook", "https://x.test")).channel
    assert (own.private, tenants.private) == (False, True)
    with pytest.raises(Problem) as strange:
        channels.remove(db, world.otto.actor, own.id, "alice")
    assert strange.value.code == "not_found"


def test_what_waits_for_a_channel_that_is_removed_is_dropped(world: World, room: Room) -> None:
    phone = room.channel(world.otto)
    room.wish(world.otto, "decisions", place=phone)
    room.desk.ask()
    room.read()
    channels.remove(room.db, world.otto.actor, phone, world.otto.member.id)
    assert [one.state for one in room.notices(world.otto)] == ["dropped"]
    room.desk.ask(step_key="next")
    room.read()
    assert len(room.notices(world.otto)) == 1
