"""The month that `agenthq demo --pace fast` begins with: by the real engine, the same for the same seed, and sound."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance import app, clock, demo, settings
from appliance.db.database import Database
from appliance.domain import chain

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]
TODAY = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)


@contextmanager
def northwind(folder: Path, seed: int, today: datetime = TODAY) -> Iterator[Database]:
    """The organisation after the month that leads up to `today`."""
    given = settings.load({"data": str(folder)}, {})
    with app.open_data(given) as catalogue, app.open_box(given, catalogue) as box:
        with clock.frozen(today):
            demo.past(box, seed, lambda line: None)
        with demo.northwind_db(box) as db:
            yield db


def history(db: Database) -> list[dict[str, Any]]:
    sql = "SELECT number, title, state, cost_nano, substr(created_at, 1, 16) AS at FROM tasks ORDER BY number"
    return db.rows(sql)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with northwind(tmp_path_factory.mktemp("month") / "data", 7) as db:
        yield db


def counted(db: Database, sql: str, **params: Any) -> int:
    return int(db.value(f"SELECT COUNT(*) AS n FROM {sql}", params))


def test_every_day_of_the_month_has_work_and_weekends_have_less(month: Database) -> None:
    rows = month.rows("SELECT substr(created_at, 1, 10) AS day, COUNT(*) AS n FROM runs GROUP BY 1 ORDER BY 1")
    days = {datetime.fromisoformat(row["day"]).date(): int(row["n"]) for row in rows}
    weekdays = [TODAY.date() - timedelta(days=n) for n in range(30)]
    weekdays = [day for day in weekdays if day.weekday() < 5]
    assert set(weekdays) <= set(days)
    weekend = [n for day, n in days.items() if day.weekday() >= 5]
    assert max(weekend, default=0) < sum(days[day] for day in weekdays) / len(weekdays)


def test_all_of_it_is_simulated_and_none_of_it_is_in_the_future(month: Database) -> None:
    assert counted(month, "calls WHERE NOT simulated") == 0
    assert counted(month, "calls WHERE simulated") > 500
    newest = {"runs": "created_at", "tasks": "updated_at", "events": "at", "attempts": "started_at"}
    for table, column in newest.items():
        assert month.value(f"SELECT MAX({column}) AS at FROM {table}") <= clock.iso(TODAY)


def test_calls_took_the_time_that_their_models_take(month: Database) -> None:
    sql = "SELECT model_requested AS model, AVG(duration_ms) AS ms FROM attempts WHERE failure_code = '' GROUP BY 1"
    took = {row["model"]: float(row["ms"]) for row in month.rows(sql)}
    assert 300 < took["sim-swift"] < took["sim-standard"] < took["sim-deep"] < 60_000


def test_things_went_wrong_as_they_do(month: Database) -> None:
    assert counted(month, "runs WHERE state = 'failed'") > 3
    assert counted(month, "runs WHERE state = 'incomplete'") > 3
    assert counted(month, "breakers WHERE recurrences > 0") == 1
    assert counted(month, "approvals WHERE kind = 'breaker' AND state = 'rejected'") == 1
    assert counted(month, "approvals WHERE kind = 'budget' AND state = 'consumed'") >= 1
    assert counted(month, "approvals WHERE kind = 'budget' AND state = 'pending'") == 1
    assert counted(month, "attempts WHERE failure_code = 'provider_overloaded'") >= 3


def test_the_calendar_started_what_it_should(month: Database) -> None:
    ticks = "ticks k JOIN schedules s ON s.id = k.schedule_id WHERE s.slug = :slug AND k.task_id IS NOT NULL"
    assert counted(month, ticks, slug="weekly-figures") in (4, 5)
    assert 19 <= counted(month, ticks, slug="night-chats") <= 22


def test_several_people_decided(month: Database) -> None:
    names = {row["name"] for row in month.rows("SELECT DISTINCT decided_name AS name FROM approvals")}
    assert len(names - {""}) >= 3
    assert "Bea Lindholm" not in names, "a viewer decides nothing"


@pytest.mark.parametrize("slug", ["release-notes", "support-triage"])
def test_workflows_ran_and_some_were_refused(month: Database, slug: str) -> None:
    of = "instances i JOIN workflows w ON w.id = i.workflow_id WHERE w.slug = :slug"
    assert counted(month, f"{of} AND i.state = 'succeeded'", slug=slug) >= 2
    assert counted(month, "instances WHERE state = 'failed' AND failure_code = 'rejected'") >= 1


def test_the_books_and_the_log_hold_together(month: Database) -> None:
    assert month.integrity() == "ok"
    assert counted(month, "reservations") == 0
    assert counted(month, "runs WHERE state IN ('ready', 'running')") == 0
    booked = month.value("SELECT CAST(SUM(cost_nano) AS BIGINT) AS n FROM attempts")
    assert booked == month.value("SELECT CAST(SUM(cost_nano) AS BIGINT) AS n FROM runs")
    assert chain.verify(month).fault == ""


def test_the_same_seed_is_the_same_month_and_another_is_not(month: Database, tmp_path: Path) -> None:
    with northwind(tmp_path / "same", 7) as again:
        assert history(again) == history(month)
    with northwind(tmp_path / "other", 8) as other:
        assert history(other) != history(month)
