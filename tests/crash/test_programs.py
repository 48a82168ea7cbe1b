"""`kill -9` while a program runs: it dies with the server, its daemons too, and the work is taken up again."""

from pathlib import Path

import pytest

from appliance import app, settings
from appliance.children import warden
from appliance.domain import agents, runs, samples, steps, tasks, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.checks import NewCheck
from appliance.domain.task_forms import NewTask
from tests.crash.server import opened, serving
from tests.engine.floor import finish
from tests.postgres import free_port
from tests.waiting import until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]
# The first time it stays, with a daemon that left its session; the second time it ends well.
PROGRAM = """sh -c 'test -e {0}/second && exit 0
setsid sh -c "echo \\$\\$ > {0}/daemon; sleep 300" &
echo $$ > {0}/program; sleep 300'"""


def numbers(folder: Path) -> list[int]:
    found = [folder / name for name in ("program", "daemon")]
    return [int(file.read_text()) for file in found if file.exists() and file.read_text().strip()]


def living(pids: list[int]) -> set[int]:
    return {one.pid for one in warden._living()} & set(pids)


def test_mistake_13_programs_die_with_a_server_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    values = settings.load({"data": str(folder)}, {})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box:
        with catalogue.control() as control:
            tenant = tenants.create(catalogue, control, box.vault, "acme", "Acme")
        with catalogue.open(tenant.id) as db:
            samples.add_simulated(db, SYSTEM, box.vault, pace="instant")
            agents.create(db, SYSTEM, NewAgent("ada", "Ada", "Work.", "simulated"))
            check = NewCheck("command_exit_0", {"command": PROGRAM.format(tmp_path)})
            task = tasks.create(db, SYSTEM, NewTask("Test it", finish("Tested."), "ada", checks=[check]))
    with opened(folder) as catalogue, catalogue.open(tenant.id) as db:
        with serving(folder, free_port()) as server:
            until(lambda: len(numbers(tmp_path)) == 2, 30)
            pids = numbers(tmp_path)
            assert living(pids) == set(pids)
            server.kill()
            until(lambda: not living(pids), 1)
        (tmp_path / "second").touch()
        with serving(folder, free_port()) as server:
            ended = until(lambda: found if not (found := tasks.get(db, task.id)).open else None, 30)
            assert server.stop() == 0, server.log
        assert (ended.state, ended.result) == ("done", "Tested.")
        [run] = runs.of_task(db, task.id)
        assert [step.name for step in steps.of_run(db, run.id) if step.kind == "step"] == [
            "judge",
            "check.command_exit_0",
        ]
