"""What is too long for a row is a file named after its content; the log stays small."""

import pytest

from appliance.domain import blobs
from appliance.engine.work import Work
from appliance.errors import Problem
from tests.engine.floor import Dead, Floor, finish, tool, write
from tests.engine.programs import program

LONG = "x" * 100_000


def test_a_long_value_comes_back_whole_and_is_no_row(floor: Floor) -> None:
    dead = [True]

    def act(work: Work) -> str:
        value = work.step("long", lambda key: LONG, {"text": LONG})
        if dead.pop() if dead else False:
            raise Dead
        return str(len(value))

    with program(floor, act) as made:
        task = made.task()
        made.killed(task)
        floor.work()
    assert floor.now(task).result == "100000"
    [step] = floor.steps(task)
    assert step.input.keys() == step.result["value"].keys() == {"blob", "size"}
    assert floor.db.value("SELECT MAX(LENGTH(input) + LENGTH(result)) AS n FROM steps") < 500


def test_a_conversation_with_a_long_answer_goes_on_after_a_crash(floor: Floor) -> None:
    task = floor.task(write("big.md", "y" * 60_000), tool("workspace.list"), finish())
    floor.die_after(3)
    floor.take_back()
    floor.work()
    assert floor.now(task).state == "done"
    stored = "SELECT MAX(LENGTH(content) + LENGTH(tool_calls)) AS n FROM messages WHERE role = 'assistant'"
    assert floor.db.value(stored) < 1000


def test_the_same_value_is_kept_once(floor: Floor) -> None:
    files = floor.world.catalogue.files(floor.tenant.id)
    digests = {blobs.keep(floor.db, files, LONG) for _ in range(3)}
    assert len(digests) == floor.db.value("SELECT COUNT(*) AS n FROM blobs") == 1
    assert blobs.read(files, digests.pop()) == LONG


def test_more_than_sixteen_megabytes_is_refused_in_words(floor: Floor) -> None:
    with program(floor, lambda work: work.step("huge", lambda key: "z" * (blobs.MOST + 1))) as made:
        task = made.done()
    assert floor.run(task).state == "failed"
    assert "a step may keep 16,777,216" in floor.run(task).failure_detail


def test_a_damaged_value_is_said_and_never_used(floor: Floor) -> None:
    files = floor.world.catalogue.files(floor.tenant.id)
    digest = blobs.keep(floor.db, files, LONG)
    next((files / "blobs").rglob(digest)).write_text("other")
    with pytest.raises(Problem, match="missing or damaged"):
        blobs.read(files, digest)
