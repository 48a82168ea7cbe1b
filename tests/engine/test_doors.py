"""Of thousands of tenants only those are looked at in which something happened or time may move something."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock, doors
from appliance.db.database import Database
from appliance.domain import alert_rules, alerts, events, stirring, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.notices import deriving
from appliance.domain.tenants import Tenant
from appliance.doors import Doors
from appliance.engine.sweeper import Sweeper
from appliance.errors import Problem
from tests.engine.floor import Floor

TEAMS = 5
EVERY = {"acme", "globex", *(f"team-{n}" for n in range(TEAMS))}


class Hand:
    """The hand of the steady clock, moved by the test."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    made = Hand()
    monkeypatch.setattr(clock, "monotonic", made)
    return made


@pytest.fixture
def teams(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """More tenants than are all looked at in each round; a round of nothing in between."""
    monkeypatch.setattr(doors, "FEW", 2)
    with floor.world.control() as control:
        for n in range(TEAMS):
            tenants.create(floor.world.catalogue, control, floor.world.vault, f"team-{n}", f"Team {n}")


@pytest.fixture
def found(floor: Floor, hand: Hand, teams: None) -> Doors:
    return Doors(floor.world.catalogue)


@pytest.fixture
def db(floor: Floor) -> Iterator[Database]:
    with floor.world.db() as opened:
        yield opened


def slugs(found: Doors, whose: str = "sweep", also: tuple[str, ...] = ()) -> list[str]:
    return [tenant.slug for tenant in found.awake(whose, also)]


def happens(db: Database) -> None:
    with db.transaction():
        events.record(db, SYSTEM, "test.said")


def test_of_few_nobody_rests(floor: Floor, hand: Hand) -> None:
    few = Doors(floor.world.catalogue)
    assert set(slugs(few)) == set(slugs(few)) == {"acme", "globex"}


def test_where_something_happened_each_round_looks_once_and_once_more_later(
    found: Doors, hand: Hand, db: Database
) -> None:
    assert slugs(found) == []
    happens(db)
    assert slugs(found) == slugs(found, "tick") == ["acme"]
    assert slugs(found) == slugs(found, "tick") == []
    happens(db)
    assert slugs(found) == ["acme"]
    hand.at += doors.AGAIN_S + 1
    found.awake("post")
    assert slugs(found)[0] == "acme"
    assert slugs(found) == []


def test_what_happened_before_the_first_round_of_a_kind_is_looked_at(found: Doors, db: Database) -> None:
    happens(db)
    assert slugs(found, "tally") == ["acme"]


def test_all_have_their_turn_within_the_time_for_it(found: Doors, hand: Hand) -> None:
    seen: list[str] = []
    for _ in range(20):
        hand.at += doors.AROUND_S / 20
        seen += slugs(found)
    assert set(seen) == EVERY
    assert len(seen) <= 20
    hand.at += doors.AROUND_S * 3
    assert sorted(slugs(found)) == sorted(EVERY)


def test_what_a_verb_of_the_shell_did_is_found_soon(
    floor: Floor, found: Doors, hand: Hand, db: Database, backend: str
) -> None:
    if backend != "sqlite":
        pytest.skip("the news of PostgreSQL come from all processes")
    slugs(found)
    everybody = floor.world.catalogue._subscribers[:]
    floor.world.catalogue._subscribers.clear()
    happens(db)
    floor.world.catalogue._subscribers.extend(everybody)
    assert slugs(found) == []
    hand.at += doors.COUNTED_S
    assert "acme" in slugs(found)
    assert "acme" in slugs(found, "tick")
    hand.at += doors.COUNTED_S
    assert "acme" not in slugs(found)


def test_after_events_may_have_been_missed_all_are_looked_at(floor: Floor, found: Doors, hand: Hand) -> None:
    floor.world.catalogue.publish("", [])
    assert set(slugs(found)) == EVERY
    hand.at += doors.MISSED_S + 1
    assert set(slugs(found)) < EVERY


def test_those_asked_for_are_among_them(found: Doors) -> None:
    assert slugs(found, "alerts", ("team-3",)) == ["team-3"]


def test_a_tenant_in_which_time_may_move_something_is_in_every_round(floor: Floor, found: Doors) -> None:
    assert not stirring.stirs(floor.db)
    task = floor.task()
    assert stirring.stirs(floor.db)
    sweeper = Sweeper(floor.world.catalogue, floor.bell, "next", found)
    sweeper.recover()
    assert [slugs(found) for _ in range(3)] == [["acme"]] * 3
    floor.work()
    assert floor.now(task).state == "done"
    deriving.read(floor.db, list, email=False)
    sweeper.sweep()
    assert slugs(found) == []


def test_who_begins_to_lead_looks_at_all_once(floor: Floor, found: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeper = Sweeper(floor.world.catalogue, floor.bell, "next", found)
    seen: list[str] = []
    monkeypatch.setattr(sweeper, "_look_for_what_stirs", lambda db: seen.append(db.name) or 0)
    sweeper.sweep()
    sweeper.sweep()
    assert set(seen) == {tenant.id for tenant in found.open()}
    looked = len(seen)
    monkeypatch.setattr(sweeper._leader, "leads", lambda: False)
    sweeper.sweep()
    monkeypatch.setattr(sweeper._leader, "leads", lambda: True)
    sweeper.sweep()
    assert len(seen) >= looked + len(EVERY)


class Passing:
    """What the rounds of one kind see in passing, and what they make of it."""

    def __init__(self, found: Doors, whose: str) -> None:
        self.seen: list[str] = []
        self.leads = True
        self.refuses = False
        found.along(whose, self.look, lambda: self.leads)

    def look(self, db: Database, tenant: Tenant) -> None:
        self.seen.append(tenant.slug)
        if self.refuses:
            raise Problem("internal", "The database is damaged.")


@pytest.fixture
def passing(found: Doors) -> Passing:
    return Passing(found, "alerts")


@pytest.fixture
def sweeper(floor: Floor, found: Doors) -> Sweeper:
    made = Sweeper(floor.world.catalogue, floor.bell, "next", found)
    made.sweep()
    return made


def test_a_tenant_that_rests_is_opened_once_for_all_kinds_of_rounds(
    found: Doors, passing: Passing, sweeper: Sweeper, db: Database, hand: Hand
) -> None:
    happens(db)
    sweeper.sweep()
    assert passing.seen == ["acme"]
    assert slugs(found, "alerts") == slugs(found, "tick") == []
    hand.at += doors.AGAIN_S
    sweeper.sweep()
    assert passing.seen.count("acme") == 2
    assert "acme" not in slugs(found, "alerts")


def test_a_kind_goes_round_by_itself_where_another_process_leads_in_it(
    found: Doors, passing: Passing, sweeper: Sweeper, db: Database, hand: Hand
) -> None:
    passing.leads = False
    happens(db)
    sweeper.sweep()
    assert passing.seen == []
    assert slugs(found, "alerts") == ["acme"]
    hand.at += doors.AROUND_S + doors.ALONG_S
    assert set(slugs(found, "alerts")) == EVERY


def test_what_goes_wrong_in_passing_is_left_to_the_own_round(
    found: Doors, passing: Passing, sweeper: Sweeper, db: Database
) -> None:
    passing.refuses = True
    happens(db)
    sweeper.sweep()
    assert passing.seen == ["acme"]
    assert slugs(found, "alerts") == ["acme"]


def test_those_of_whom_it_is_the_turn_are_passed_too_and_by_nobody_else(
    found: Doors, passing: Passing, sweeper: Sweeper, hand: Hand
) -> None:
    for _ in range(20):
        hand.at += doors.AROUND_S / 20
        sweeper.sweep()
        assert slugs(found, "alerts") == []
    assert set(passing.seen) == EVERY


def test_where_time_moves_something_every_kind_looks_in_its_own_round(
    floor: Floor, found: Doors, passing: Passing, sweeper: Sweeper
) -> None:
    floor.task()
    sweeper.sweep()
    assert passing.seen == ["acme"]
    sweeper.sweep()
    assert passing.seen == ["acme"]
    assert slugs(found, "alerts") == ["acme"]


def test_people_are_told_in_passing_of_what_happened_where_nothing_else_moves(
    floor: Floor, found: Doors, sweeper: Sweeper, db: Database
) -> None:
    found.along("post", lambda opened, _: deriving.read(opened, list, email=False), lambda: True)
    _unread(db)
    assert stirring.stirs(db)
    sweeper.sweep()
    assert not deriving.unread(db)
    assert slugs(found) == slugs(found, "post") == []


def _notice(db: Database) -> None:
    row = {"id": "n", "seq": 0, "event": "e", "kind": "k", "channel": "c", "target": "t", "content": "{}"}
    db.insert("notices", row | {"state": "held", "due_at": clock.ahead(60), "created_at": clock.iso()})


def _digest(db: Database) -> None:
    row = {"member": "m", "wishes": "{}", "updated_at": clock.iso()}
    db.insert("notice_wishes", row | {"digest_due": clock.ahead(60)})


def _unread(db: Database) -> None:
    with db.transaction():
        events.record(db, SYSTEM, "run.parked")


@pytest.mark.parametrize("what", [_notice, _digest, _unread])
def test_people_who_are_still_to_be_told_keep_a_tenant_awake(floor: Floor, what: object) -> None:
    assert callable(what)
    assert not stirring.stirs(floor.db)
    what(floor.db)
    assert stirring.stirs(floor.db)


def test_what_is_far_off_lets_it_rest(floor: Floor) -> None:
    _notice(floor.db)
    with clock.frozen(clock.now() - timedelta(days=1)):
        assert not stirring.stirs(floor.db)


def test_alerts_of_tenants_that_are_not_looked_at_stay(floor: Floor, found: Doors) -> None:
    def watch() -> list[str]:
        alert_rules.watch(floor.world.catalogue, worth=lambda alerted: found.awake("alerts", alerted))
        with floor.world.control() as control:
            return [alert.subject.partition("/")[0] for alert in alerts.open_ones(control)]

    def out(at: str | None) -> None:
        floor.db.execute("UPDATE providers SET out_at = :at", {"at": at})

    out(clock.iso())
    assert watch() == []
    happens(floor.db)
    assert watch() == watch() == ["acme"]
    out(None)
    assert watch() == []
    out(clock.iso())
    assert watch() == []


def test_a_tenant_that_went_into_maintenance_is_told_of_though_nothing_happens_in_it(
    floor: Floor, found: Doors
) -> None:
    with floor.world.control() as control:
        lost = tenants.by_slug(control, "team-1")
    floor.world.catalogue.discard(lost.id)
    assert floor.world.catalogue.trouble(lost.id)
    alert_rules.watch(floor.world.catalogue, worth=lambda alerted: found.awake("alerts", alerted))
    with floor.world.control() as control:
        assert ("tenant.maintenance", "team-1") in [(one.rule, one.subject) for one in alerts.open_ones(control)]
