"""Power cuts in the middle of work: nothing is done twice, nothing is lost, and every dollar is accounted for."""

import random
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance import app, settings
from appliance.db.database import Database
from appliance.domain import agents, comments, ledger, runs, samples, steps, tasks, tenants, workspace
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.checks import NewCheck
from appliance.domain.task_forms import NewTask
from tests.crash.server import opened, serving
from tests.engine.floor import comment, finish, write
from tests.postgres import free_port
from tests.waiting import _never, until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]
ROUNDS = 8
SEED = 7


class Seeded(NamedTuple):
    folder: Path
    tenant_id: str
    task_id: str


@pytest.fixture
def seeded(tmp_path: Path) -> Seeded:
    """A box whose agent has a task of six effects, with a pause before each answer."""
    folder = tmp_path / "data"
    values = settings.load({"data": str(folder)}, {})
    script = ["sim: latency 300ms"]
    for n in range(3):
        script += [write(f"part-{n}.md", f"Part {n}"), comment(f"Part {n} is written.")]
    checks = [NewCheck("file_exists", {"path": f"part-{n}.md"}) for n in range(3)]
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box:
        with catalogue.control() as control:
            tenant = tenants.create(catalogue, control, box.vault, "acme", "Acme")
        with catalogue.open(tenant.id) as db:
            samples.add_simulated(db, SYSTEM, box.vault, pace="instant")
            agents.create(db, SYSTEM, NewAgent("ada", "Ada", "Work.", "simulated"))
            body = "\n".join([*script, finish("Three parts.")])
            task = tasks.create(db, SYSTEM, NewTask("Three parts", body, "ada", checks=checks))
    return Seeded(folder, tenant.id, task.id)


def claimed(db: Database, seeded: Seeded, fence: int) -> bool:
    return runs.of_task(db, seeded.task_id)[0].fence > fence


def recorded(db: Database, seeded: Seeded) -> int:
    return len(steps.of_run(db, runs.of_task(db, seeded.task_id)[0].id))


def test_a_server_killed_again_and_again_does_everything_once(seeded: Seeded) -> None:
    chance, fences = random.Random(SEED), [0]
    with opened(seeded.folder) as catalogue, catalogue.open(seeded.tenant_id) as db:
        for n in range(ROUNDS):
            known = recorded(db, seeded)
            with serving(seeded.folder, free_port()) as server:
                until(lambda: claimed(db, seeded, fences[-1]), 20)
                if n % 2:
                    # Every other life gets somewhere: five without progress would park the run.
                    until(lambda known=known: recorded(db, seeded) > known, 20)
                _never.wait(chance.uniform(0.0, 0.25))
                server.kill()
            fences.append(runs.of_task(db, seeded.task_id)[0].fence)
        with serving(seeded.folder, free_port()) as server:
            task = until(lambda: found if not (found := tasks.get(db, seeded.task_id)).open else None, 20)
            assert server.stop() == 0, server.log
        run = runs.of_task(db, seeded.task_id)[0]
        assert (task.state, task.result, run.state, run.attempt) == ("done", "Three parts.", "succeeded", 1)
        assert fences == sorted(set(fences))
        assert run.fence > fences[-1]
        assert_once(db, seeded)
        assert_paid(db, seeded)
        assert db.integrity() == "ok"
    files = workspace.of_task(catalogue.files(seeded.tenant_id), seeded.task_id)
    assert {file.path: files.text(file.path) for file in files.files()} == {
        f"part-{n}.md": f"Part {n}" for n in range(3)
    }


def assert_once(db: Database, seeded: Seeded) -> None:
    said = Counter(comment.body for comment in comments.of_task(db, seeded.task_id))
    assert said == {f"Part {n} is written.": 1 for n in range(3)}
    recorded = steps.of_run(db, runs.of_task(db, seeded.task_id)[0].id)
    names = Counter(step.name for step in recorded if step.kind == "tool")
    assert names == {"workspace.write": 3, "task.comment": 3, "task.finish": 1}
    assert [step.ord for step in recorded] == list(range(1, len(recorded) + 1))
    assert [step.fence for step in recorded] == sorted(step.fence for step in recorded)
    numbers = [row["seq"] for row in db.rows("SELECT seq FROM events ORDER BY seq")]
    assert numbers == list(range(1, len(numbers) + 1))


def assert_paid(db: Database, seeded: Seeded) -> None:
    """Each recorded answer was paid once; each answer that a cut swallowed is there as an estimate."""
    calls = ledger.calls(db, limit=200).items
    states = Counter(call.state for call in calls)
    model = [step for step in steps.of_run(db, runs.of_task(db, seeded.task_id)[0].id) if step.kind == "model"]
    assert set(states) <= {"ok", "lost"}
    assert {call.id for call in calls if call.state == "ok"} == {step.call_id for step in model}
    assert len(model) == states["ok"] == 7
    lost = [attempt for call in calls if call.state == "lost" for attempt in ledger.attempts(db, call.id)]
    assert {attempt.cost_source for attempt in lost} <= {"estimated"}
    task = tasks.get(db, seeded.task_id)
    assert task.cost_nano == sum(call.cost_nano or 0 for call in calls)
    assert task.cost_nano == runs.of_task(db, seeded.task_id)[0].cost_nano
    assert db.value("SELECT COUNT(*) AS n FROM reservations") == 0
