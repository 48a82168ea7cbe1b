"""The tools of the built-in runtime, as a model uses them."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from appliance.domain.agent_forms import TOOLS
from appliance.domain.workspace import Workspace
from appliance.engine.tools import READ_LIMIT, REGISTRY, BadArguments, Bench, Tool, parse, use
from appliance.errors import Problem
from tests.engine.floor import Floor, comment, finish, tool, write


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Whatever this process writes now ends at `size` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_the_tools_an_agent_may_have_are_the_tools_there_are() -> None:
    assert set(TOOLS) == set(REGISTRY)


def test_every_tool_declares_its_effect_and_closes_its_schema() -> None:
    for found in REGISTRY.values():
        assert found.effect in ("tx", "idempotent", "once")
        assert found.parameters["additionalProperties"] is False


def test_a_file_is_written_read_listed_and_searched(floor: Floor) -> None:
    task = floor.done(
        write("notes/a.md", "Rivers\nflow to the sea"),
        tool("workspace.read", path="notes/a.md"),
        tool("workspace.list"),
        tool("workspace.search", text="SEA"),
        finish(),
    )
    assert floor.said(task) == [
        "wrote notes/a.md (22 bytes)",
        "Rivers\nflow to the sea",
        "notes/a.md (22 bytes)",
        "notes/a.md:2: flow to the sea",
        "accepted, the task is done",
    ]


def test_a_long_file_is_read_in_parts(floor: Floor) -> None:
    text = "".join(f"{n:07d}\n" for n in range(5000))
    task = floor.done(
        write("a.md", text),
        tool("workspace.read", path="a.md"),
        tool("workspace.read", path="a.md", offset=READ_LIMIT),
        finish(),
    )
    first, second = floor.said(task)[1:3]
    assert first.endswith("[8000 more characters; read on with offset 32000]")
    assert first[:READ_LIMIT] + second == text


def test_a_search_that_finds_too_much_says_how_much_more(floor: Floor) -> None:
    task = floor.done(write("a.md", "x\n" * 60), tool("workspace.search", text="x"), finish())
    assert floor.said(task)[1].endswith("[10 more matches]")


def test_a_comment_is_signed_by_its_agent(floor: Floor) -> None:
    task = floor.done(comment("I looked."), finish())
    row = floor.db.rows("SELECT author_kind, author_id, author_name FROM comments")[0]
    assert row == {"author_kind": "agent", "author_id": floor.ada.id, "author_name": "Ada"}
    assert floor.comments(task) == ["I looked."]


def test_a_tool_the_agent_does_not_have_is_not_offered_nor_done(floor: Floor) -> None:
    floor.change_agent(tools=["task.finish", "workspace.list"])
    task = floor.done(write("a.md"), finish())
    assert "There is no tool 'workspace.write'. There are: task.finish, workspace.list." in floor.said(task)[0]
    assert floor.files(task).files() == []


def test_tasks_do_not_see_each_others_files(floor: Floor) -> None:
    floor.done(write("a.md", "mine"), finish())
    task = floor.done(tool("workspace.read", path="a.md"), tool("workspace.list"), finish(), title="Other")
    assert floor.said(task)[:2] == ["error: There is no file a.md.", "The workspace is empty."]


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_a_full_disk_waits_says_so_and_goes_on(floor: Floor) -> None:
    task = floor.task(comment("Before."), write("big.md", "x" * 200_000), comment("After."), finish())
    with files_of_at_most(100_000):
        floor.work()
    assert floor.outcome(task) == ("waiting", "timer", "in_progress")
    assert "The disk is full" in floor.run(task).failure_detail
    with floor.later(31):
        floor.work()
    assert floor.now(task).state == "done"
    assert floor.comments(task) == ["Before.", "After."]
    assert len(floor.files(task).read("big.md")) == 200_000
    assert {call.state for call in floor.ledger(task)} == {"ok"}


def test_arguments_nested_too_deep_are_told_to_the_model() -> None:
    with pytest.raises(BadArguments, match="nested too deep"):
        parse(REGISTRY["task.comment"], "[" * 5000)


@pytest.mark.parametrize("code", ["disk_full", "unavailable"])
def test_trouble_of_the_box_is_no_answer_to_the_model(floor: Floor, code: str) -> None:
    def trouble(bench: Bench, given: object) -> str:
        raise Problem(code)

    broken = Tool("broken", "tx", "Meets trouble.", {}, trouble)
    files = Workspace(floor.world.catalogue.files(floor.tenant.id))
    bench = Bench(floor.db, floor.task(finish()), floor.actor, files, floor.gateway)
    with pytest.raises(Problem) as caught:
        use(broken, bench, {})
    assert caught.value.code == code
