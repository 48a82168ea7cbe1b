"""What is recorded is never done again: a run taken up once more goes on where it was."""

from collections.abc import Callable, Iterator

import pytest

from appliance import redaction
from appliance.domain import approvals, decisions, preferences, signals
from tests.engine.floor import Floor, comment, finish, write
from tests.engine.programs import program

SCRIPT = (write("a.md"), comment("First."), write("b.md"), comment("Second."), finish())


def test_recorded_steps_are_not_done_again(floor: Floor) -> None:
    for dies_after in range(1, 10):
        task = floor.task(*SCRIPT, title=f"Dies after {dies_after}")
        floor.die_after(dies_after)
        before = [(s.key, s.finished_at) for s in floor.steps(task)]
        assert floor.run(task).state == "running"
        floor.take_back()
        floor.work()
        assert floor.now(task).state == "done"
        assert floor.comments(task) == ["First.", "Second."]
        assert [(s.key, s.finished_at) for s in floor.steps(task)][: len(before)] == before
        assert [call.state for call in floor.ledger(task)] == ["ok"] * 5
        assert floor.run(task).fence == 2


def test_steps_are_numbered_and_named_in_order(floor: Floor) -> None:
    task = floor.done(*SCRIPT)
    assert [s.key for s in floor.steps(task)] == [
        "brief", "model", "workspace.write", "model#2", "task.comment", "model#3", "workspace.write#2",
        "model#4", "task.comment#2", "model#5", "task.finish",
    ]  # fmt: skip
    assert [s.ord for s in floor.steps(task)] == list(range(1, 12))


def test_the_conversation_is_kept_once_and_referred_to(floor: Floor) -> None:
    big = "x" * 20_000
    task = floor.done(*(write(f"{n}.md", big) for n in range(20)), finish())
    stored = floor.db.value(
        "SELECT SUM(LENGTH(content) + LENGTH(tool_calls)) AS n FROM messages WHERE run_id = :id",
        {"id": floor.run(task).id},
    )
    # The script itself is in the first message; every call is there once more, as the answer that made it.
    assert stored < 2.2 * len(task.body)
    model = [s for s in floor.steps(task) if s.kind == "model"]
    assert all(len(str(s.result)) < 1000 for s in model)
    assert [s.first_message for s in model] == [s.last_message for s in model]


def test_an_agent_edited_meanwhile_keeps_the_revision_it_began_with(floor: Floor) -> None:
    task = floor.task(comment("One."), comment("Two."), finish())
    floor.die_after(1)
    floor.change_agent(tools=["task.finish"], instructions="Do nothing.")
    floor.take_back()
    floor.work()
    assert floor.comments(task) == ["One.", "Two."]
    assert floor.run(task).agent_revision == floor.ada.revision - 1


def test_the_next_run_works_by_the_new_revision(floor: Floor) -> None:
    floor.change_agent(tools=["task.finish"])
    task = floor.done(comment("No."), finish())
    assert floor.comments(task) == []
    assert floor.said(task)[0] == "error: There is no tool 'task.comment'. There are: task.finish."


@pytest.fixture
def learned(floor: Floor) -> Iterator[Callable[[], None]]:
    """Makes a text that was written before into a secret, as when an agent finds a key in a file."""
    yield lambda: redaction.remember("hunter2-hunter2", floor.tenant.id)
    redaction._spellings.pop(floor.tenant.id, None)


def test_a_step_that_was_given_a_secret_is_known_again(floor: Floor, learned: Callable[[], None]) -> None:
    """Stored without it, it is the same step all the same."""
    task = floor.task(write("notes.md", "hunter2-hunter2"), comment("Kept."), finish())
    learned()
    floor.die_after(2)
    floor.take_back()
    floor.work()
    assert floor.outcome(task) == ("succeeded", "", "done")


def test_a_call_with_a_secret_is_approved_once(floor: Floor, learned: Callable[[], None]) -> None:
    preferences.put(floor.db, floor.actor, "tool_approval", {"task.comment": True})
    task = floor.task(comment("It is hunter2-hunter2."), finish())
    learned()
    floor.work()
    [asked] = approvals.of_task(floor.db, task.id)
    decisions.decide(floor.db, floor.actor, asked.id, "approve")
    floor.work()
    assert floor.comments(task) == ["It is [secret]."]


def test_a_wait_named_by_a_secret_is_known_again(floor: Floor, learned: Callable[[], None]) -> None:
    learned()
    with program(floor, lambda work: str(work.signal("hunter2-hunter2"))) as made:
        task = made.done()
        signals.send(floor.db, floor.actor, floor.run(task).id, "hunter2-hunter2", "go")
        floor.work()
    assert floor.outcome(task) == ("succeeded", "", "done")
