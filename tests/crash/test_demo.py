"""`kill -9` in the middle of a demo, start again: it goes on from the last recorded step."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance import northwind
from appliance.db.database import Database
from appliance.domain import runs, steps, tasks, tenants
from appliance.domain.steps import Step
from appliance.domain.tasks import Task
from appliance.errors import Problem
from tests.crash.server import opened, serving
from tests.postgres import free_port
from tests.waiting import until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


@contextmanager
def northwind_db(folder: Path) -> Iterator[Database]:
    with opened(folder) as catalogue:
        tenant = until(lambda: _tenant(catalogue), 20)
        with catalogue.open(tenant) as db:
            yield db


def _tenant(catalogue) -> str:  # type: ignore[no-untyped-def]
    try:
        with catalogue.control() as control:
            return tenants.by_slug(control, northwind.SLUG).id
    except Problem:
        return ""


def first_task(db: Database) -> Task | None:
    found = db.one("SELECT id FROM tasks WHERE title = :title", {"title": northwind.FIRST.title})
    return tasks.get(db, found["id"]) if found else None


def recorded(db: Database) -> list[Step]:
    task = first_task(db)
    return steps.of_run(db, task.run_id or "") if task else []


def test_a_demo_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with serving(folder, free_port(), "demo") as demo, northwind_db(folder) as db:
        before = until(lambda: recorded(db), 40)
        demo.kill()
        before = recorded(db)
        task = first_task(db)
        assert task is not None
        assert task.state == "in_progress", "the kill came too late to prove anything"
    with serving(folder, free_port(), "demo") as demo, northwind_db(folder) as db:
        until(lambda: tasks.get(db, task.id).state == "done", 40)
        after = recorded(db)
        assert [(s.key, s.finished_at, s.call_id) for s in after[: len(before)]] == [
            (s.key, s.finished_at, s.call_id) for s in before
        ]
        assert runs.of_task(db, task.id)[0].attempt == 1
        written = [s.input["path"] for s in after if s.name == "workspace.write"]
        assert len(written) == len(set(written)) > 0
        assert "its work goes on where it was" in until(lambda: demo.log if "Open " in demo.log else "", 20)
        assert demo.stop() == 0
        assert db.integrity() == "ok"
