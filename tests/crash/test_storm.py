"""L0 and L3, small: a crowd, a worker that is killed again and again, a doorbell that can't be relied on."""

from pathlib import Path

import pytest

from tests.crash import light
from tests.crash.drive import Plan, Report, drive
from tests.crash.scene import Place

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]
SMALL = Plan(runs=300, kills=8, seed=7, longest_s=0.8)


def storm(place: Place, plan: Plan) -> Report:
    report = drive(place, plan)
    print(report.line())
    assert report.judged.faults == []
    assert report.kills == plan.kills
    assert report.judged.runs > plan.runs
    return report


def test_a_worker_killed_at_random_loses_and_repeats_nothing(tmp_path: Path) -> None:
    assert storm(Place(tmp_path / "data"), SMALL).faults == []


@pytest.mark.postgres
def test_the_same_on_postgresql(tmp_path: Path, own_postgres_url: str) -> None:
    assert storm(Place(tmp_path / "data", own_postgres_url), SMALL).faults == []


def test_lost_doubled_and_flushed_bells_lose_no_work(tmp_path: Path) -> None:
    storm(Place(tmp_path / "data"), SMALL._replace(kills=2, options=("--bad-bell", "3")))


def test_a_wall_clock_that_jumps_by_hours_loses_and_repeats_nothing(tmp_path: Path) -> None:
    storm(Place(tmp_path / "data"), SMALL._replace(runs=150, kills=6, options=("--jumps", "3")))


def test_a_light_tenant_starts_at_once_beside_a_long_queue(tmp_path: Path) -> None:
    assert light.measure(Place(tmp_path / "data"), 3000) <= light.LIMIT_MS
