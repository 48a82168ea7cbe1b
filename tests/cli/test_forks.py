"""Running a task again from a step, from a terminal."""

from pathlib import Path

from appliance.cli.desk import Desk
from appliance.domain import claims, endings, runs, steps
from appliance.domain.steps import Step
from tests.cli.conftest import Run


def fail(box: Path) -> None:
    """Task 1's run failed after a comment, as an engine would have left it."""
    with Desk({"data": str(box)}).room(None) as room, room.db.transaction():
        [run] = claims.claim(room.db, "test", 30)
        for ord_, name in enumerate(("task.comment", "workspace.write"), 1):
            about = {"input_digest": "", "state": "done", "attempts": 1, "input": {}, "result": {"ok": True}}
            about |= {"first_message": None, "last_message": None, "call_id": None, "cost_nano": 0, "fence": 1}
            about |= {"started_at": run.created_at, "finished_at": run.created_at}
            step = Step(run.id, name, ord_, "tool", name, "tx", **about)  # type: ignore[arg-type]
            steps.save(room.db, run, step, [], box)
        endings.fail(room.db, run, "failed", "provider_auth", "Put a valid key in.", "capability")


def test_a_task_is_run_again_from_a_step(agenthq: Run, box: Path) -> None:
    assert agenthq("agent", "create", "mara", "--model", "simulated").code == 0
    assert agenthq("task", "create", "Write", "--to", "mara").code == 0
    fail(box)
    assert "workspace.write" in agenthq("task", "logs", "1").out
    assert agenthq("task", "fork", "1", "--from", "nothing").lines == ["agenthq: There is no such step nothing."]
    assert agenthq("task", "fork", "1", "--from", "workspace.write").code == 0
    assert "There is no step yet" not in agenthq("task", "logs", "1").out
    refused = agenthq("task", "fork", "1")
    assert (refused.code, refused.lines) == (1, ["agenthq: The run has not ended. Cancel it first."])
    with Desk({"data": str(box)}).room(None) as room:
        newest, first = runs.of_task(room.db, str(room.db.value("SELECT id FROM tasks")))
        assert (newest.fork_of, newest.fork_key) == (first.id, "workspace.write")
        assert [s.key for s in steps.of_run(room.db, newest.id)] == ["task.comment"]
