"""The hour that is missing and the hour that comes twice (ENGINE §9, L5): waits are as long as they were asked for."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock
from appliance.domain import claims
from appliance.domain.approvals import Ask
from appliance.engine.work import Work
from tests.engine.floor import Floor
from tests.engine.programs import program

HOUR_S = 3600


@pytest.fixture(params=["2026-03-29T00:30:00Z", "2026-10-25T00:30:00Z"], ids=["spring", "autumn"])
def changing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Half an hour before the clocks of this machine change."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def naps(work: Work) -> str:
    work.sleep("nap", HOUR_S)
    return "rested"


def asks(work: Work) -> str:
    return work.approval("agree", Ask("question", "Well?", expires_s=HOUR_S)).state


@pytest.mark.parametrize(("act", "result"), [(naps, "rested"), (asks, "expired")])
def test_an_hour_is_an_hour_when_the_clocks_change(floor: Floor, changing: str, act, result: str) -> None:  # type: ignore[no-untyped-def]
    if act is asks and floor.db.for_update:
        pytest.skip("approvals expire by the clock of the PostgreSQL server, which no test can set")
    begun = clock.parse(changing)
    with clock.frozen(begun), program(floor, act) as made:
        task = made.done()
        assert floor.run(task).state == "waiting"
        for seconds, state in ((HOUR_S - 1, "waiting"), (HOUR_S + 1, "succeeded")):
            with clock.frozen(begun + timedelta(seconds=seconds)):
                floor.sweeper.sweep()
                floor.work()
                assert floor.run(task).state == state
        assert floor.now(task).result == result


def test_a_lease_is_as_long_when_the_clocks_change(floor: Floor, changing: str) -> None:
    begun = clock.parse(changing)
    with clock.frozen(begun):
        floor.task()
        floor.claim(lease_s=HOUR_S)
    with clock.frozen(begun + timedelta(seconds=HOUR_S - 1)):
        assert claims.release_expired(floor.db) == 0
    with clock.frozen(begun + timedelta(seconds=HOUR_S + 1)):
        assert claims.release_expired(floor.db) == 1
