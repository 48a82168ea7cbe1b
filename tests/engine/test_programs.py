"""An agent runs programs and reads pages: what it is told, what is refused, and what a cancel does to them."""

import os
import shlex
import sys
from urllib.parse import urlsplit

import pytest

from appliance.children import warden
from appliance.domain import approvals, decisions, hosts, preferences
from appliance.domain.agent_forms import DEFAULT_TOOLS, TOOLS, NewAgent
from appliance.engine.tools import REGISTRY, Bench, asks, use
from appliance.engine.tools.tool import APPROVAL
from tests.engine.floor import Floor, finish, tool
from tests.gateway.scripted import ScriptedServer, http
from tests.waiting import until

RUN = REGISTRY["workspace.run"]
SLEEP = f"{shlex.quote(sys.executable)} -c 'import time; time.sleep(60)'"


@pytest.fixture
def free(floor: Floor) -> Floor:
    """Ada may run programs and read pages without asking."""
    floor.change_agent(tools=list(TOOLS))
    preferences.put(floor.db, floor.actor, APPROVAL, {"workspace.run": False})
    return floor


def bench(floor: Floor) -> Bench:
    task = floor.task(start=False)
    return Bench(floor.db, task, floor.actor, floor.files(task), floor.gateway)


def run(floor: Floor, command: str, **more: object) -> str:
    return use(RUN, bench(floor), {"command": command, **more})


def sleepers() -> list[int]:
    return [one.pid for one in warden.below(os.getpid()) if b"time.sleep(60)" in _command(one.pid)]


def _command(pid: int) -> bytes:
    try:
        return (warden.PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def test_a_new_agent_neither_runs_programs_nor_reads_pages() -> None:
    assert NewAgent("a", "A", "", "m").tools == list(DEFAULT_TOOLS)
    assert {"workspace.run", "http.get"} <= set(TOOLS) - set(DEFAULT_TOOLS)


def test_a_program_is_once_and_a_person_approves_it_unless_the_tenant_says_otherwise(floor: Floor) -> None:
    assert (RUN.effect, asks(floor.db, RUN), asks(floor.db, REGISTRY["http.get"])) == ("once", True, False)
    preferences.put(floor.db, floor.actor, APPROVAL, {"workspace.run": False, "http.get": True})
    assert (asks(floor.db, RUN), asks(floor.db, REGISTRY["http.get"])) == (False, True)


def test_a_program_waits_for_a_person_and_then_runs_once(floor: Floor) -> None:
    floor.change_agent(tools=list(TOOLS))
    task = floor.done(tool("workspace.run", command="sh -c 'echo ran >> log'"), finish())
    assert floor.outcome(task) == ("waiting", "approval", "blocked")
    assert floor.files(task).files() == []
    [asked] = approvals.of_run(floor.db, task.run_id or "")
    assert asked.payload["arguments"] == {"command": "sh -c 'echo ran >> log'"}
    decisions.decide(floor.db, floor.actor, asked.id, "approve")
    floor.work()
    assert floor.now(task).state == "done"
    assert floor.files(task).text("log") == "ran\n"


def test_a_program_works_in_the_workspace(free: Floor) -> None:
    task = free.done(
        tool("workspace.write", path="a.py", content="print(6 * 7); open('b.txt', 'w').write('made')"),
        tool("workspace.run", command=f"{sys.executable} a.py"),
        tool("workspace.read", path="b.txt"),
        finish(),
    )
    assert free.said(task)[1:3] == ["42", "made"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("nowhere --help", "error: It ended with exit code 127.\n[Errno 2] No such file or directory: 'nowhere'"),
        ("sh -c 'echo bad; exit 2'", "error: It ended with exit code 2.\nbad"),
        ("sh -c 'kill -9 $$'", "error: It was ended by signal 9."),
        ("echo 'open", "error: The command can't be read: No closing quotation."),
        ("true", "It ended well and wrote nothing."),
        ("echo $HOME | cat; pwd", "$HOME | cat; pwd"),
    ],
)
def test_the_model_is_told_how_a_program_ended(floor: Floor, command: str, said: str) -> None:
    assert run(floor, command) == said


def test_a_program_that_takes_too_long_is_stopped(floor: Floor) -> None:
    assert run(floor, "sh -c 'echo begun; sleep 60'", timeout_s=1) == "error: It was stopped after 1 s.\nbegun"


def test_a_program_can_not_be_put_elsewhere(free: Floor) -> None:
    task = free.done(tool("workspace.run", command="pwd", cwd="/etc"), finish())
    assert "error: The arguments of workspace.run are not valid" in free.said(task)[0]
    place = bench(free)
    place.workspace.folder.parent.mkdir(parents=True, exist_ok=True)
    place.workspace.folder.symlink_to("/etc")
    assert use(RUN, place, {"command": "pwd"}) == "error: The workspace was replaced by a link; it is not used."
    assert place.workspace.files() == []
    assert place.workspace.text("hostname") is None


def test_mistake_13_a_cancelled_task_leaves_no_program_behind(free: Floor) -> None:
    task = free.task(tool("workspace.run", command=f"sh -c {shlex.quote(f'{SLEEP} & {SLEEP}')}"), finish())
    with free.engine():
        until(lambda: len(sleepers()) == 3)
        free.cancel(task)
        until(lambda: not sleepers(), 1)
        until(lambda: free.run(task).state == "cancelled", 3)
    assert free.now(task).state == "cancelled"


def test_mistake_12_a_run_that_went_to_another_worker_takes_its_program_along(free: Floor) -> None:
    task = free.task(tool("workspace.run", command=SLEEP), finish())
    with free.engine():
        until(sleepers)
        # As when the worker had been silent past its lease and another one claimed.
        free.db.execute("UPDATE runs SET fence = fence + 1, lease_owner = 'other' WHERE id = :id", {"id": task.run_id})
        until(lambda: not sleepers(), 1)
    assert [step.state for step in free.tools(task)] == ["intent"]


def test_others_get_a_worker_while_a_program_runs(free: Floor) -> None:
    slow = free.task(tool("workspace.run", command=SLEEP), finish())
    with free.engine():
        until(sleepers)
        quick = free.task(finish())
        free.until(quick, "done", seconds=3)
        free.cancel(slow)
        until(lambda: not sleepers(), 1)


def test_a_page_is_read_once_its_host_is_allowed(free: Floor, provider: ScriptedServer) -> None:
    host = f"localhost:{urlsplit(provider.url).port}"
    get = tool("http.get", url=f"http://{host}/a")
    task = free.done(get, finish())
    assert free.said(task)[0] == f"error: {host} is not allowed. A person can allow it: agenthq host allow {host}"
    hosts.allow(free.db, free.actor, host)
    provider.will(http(200, "Hello", Content_Type="text/plain"), http(404, "Gone", Content_Type="text/plain"))
    task = free.done(get, get, finish())
    assert free.said(task)[:2] == [
        f"200 text/plain http://{host}/a\n\nHello",
        f"error: 404 text/plain http://{host}/a\n\nGone",
    ]
