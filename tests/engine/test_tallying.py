"""What calls cost is added up, compared and written to files beside the runs, by bells of their own."""

import json
from datetime import timedelta

from appliance import clock
from appliance.domain import samples
from appliance.domain.actor import SYSTEM
from appliance.domain.analytics import exports, marks, rollups, savings, usage
from appliance.engine.queue import Doorbell
from appliance.engine.tallying import EXPORT, TALLY, Tallying
from tests.domain.analytics.booking import Past, put
from tests.world import World


def waiting(bell: Doorbell) -> list[dict[str, str]]:
    return [json.loads(bell.storage.dequeue() or b"") for _ in range(bell.storage.queue_size())]


def test_a_tenant_with_new_calls_is_rung_for_and_added_up_and_compared(world: World) -> None:
    bell = Doorbell()
    tallying = Tallying(world.catalogue, world.calls, bell)
    tallying.round()
    assert waiting(bell) == [], "nothing to do, no bell"
    with world.db() as db:
        account = samples.add_simulated(db, SYSTEM, world.vault)
        put(db, Past(clock.now() - timedelta(minutes=10), 9, account.id, "sim-deep", simulated=True))
        tallying.round()
        assert waiting(bell) == [{"tenant": world.acme.id, "job": TALLY}]
        tallying.tally(world.acme.id)
        assert marks.get(db, "compared") == marks.get(db, "rolled") != ""
        assert db.value("SELECT COUNT(*) AS n FROM usage_days") == 1
        day = clock.iso(clock.now() - timedelta(minutes=10))[:10]
        assert savings.of(db, day, clock.iso()[:10]).chosen
        tallying.round()
        assert waiting(bell) == []


def test_a_file_that_is_asked_for_is_made(world: World) -> None:
    bell = Doorbell()
    tallying = Tallying(world.catalogue, world.calls, bell)
    with world.db() as db:
        put(db, Past(clock.now(), 9))
        made = exports.ask(db, SYSTEM, "csv")
        tallying.round()
        assert {"tenant": world.acme.id, "job": EXPORT} in waiting(bell)
        tallying.export(world.acme.id)
        assert exports.get(db, made.id).state == "done"
        assert exports.path_of(world.catalogue.files(world.acme.id), made.id).is_file()


def test_a_server_that_stops_adds_nothing_more_up(world: World) -> None:
    tallying = Tallying(world.catalogue, world.calls, Doorbell())
    with world.db() as db:
        put(db, Past(clock.now() - timedelta(minutes=10)))
        tallying.stopping.set()
        tallying.tally(world.acme.id)
        assert marks.get(db, "rolled") == ""


def test_tidying_heals_and_forgets(world: World) -> None:
    tallying = Tallying(world.catalogue, world.calls, Doorbell())
    with world.db() as db:
        put(db, Past(clock.now() - timedelta(days=100), 5))
        put(db, Past(clock.now() - timedelta(hours=3), 6))
        rollups.roll_all(db)
        put(db, Past(clock.now() - timedelta(hours=4), 7))
        tallying.tidy()
        assert usage.total(db, "2020-01-01", clock.iso()[:10]).cost_nano == 18
        assert db.value("SELECT COUNT(*) AS n FROM calls") == 2
