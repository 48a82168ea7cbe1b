"""The files that people download: do they start, serve, keep data and leave nothing behind?"""

import json
import os
import select
import signal
from pathlib import Path

import pytest

from tests.smoke.server import Box, get, serving

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
pytestmark = [pytest.mark.smoke, pytest.mark.timeout(120)]


@pytest.fixture(params=["dist/agenthq", "dist/agenthq-folder/agenthq"], ids=["file", "folder"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Box:
    executable = ROOT / request.param
    if not executable.exists():
        if os.environ.get("REQUIRE_EXECUTABLE"):
            pytest.fail(f"{request.param} is missing: run make dist")
        pytest.skip(f"{request.param} is not built: run make dist")
    return Box(executable, tmp_path)


@pytest.fixture
def key(box: Box) -> str:
    """A box with an owner and a tenant; the secret of an API key."""
    owner = ("--owner", "alice@acme.test", "--tenant", "acme", "--password-stdin")
    made = box.run("init", *owner, "--data", str(box.data), text=PASSWORD)
    assert made.returncode == 0, made.stderr
    done = box.run("key", "create", "--tenant", "acme", "--role", "operator", "--json", "--data", str(box.data))
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["secret"])


def test_it_says_its_version(box: Box) -> None:
    done = box.run("version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "agenthq 0.1.0\n", "")


def test_its_own_selftest_passes(box: Box) -> None:
    done = box.run("selftest")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_serves_a_first_page(box: Box) -> None:
    with serving(box) as server:
        status, page = get(f"{server.url}/")
    assert status == 200
    assert "<html" in page


def test_it_holds_exactly_one_sqlite(box: Box) -> None:
    with serving(box) as server:
        mapped = Path(f"/proc/{server.pids()[-1]}/maps").read_text()
    libraries = {line.split()[-1] for line in mapped.splitlines() if "sqlite" in line and ".so" in line}
    assert [Path(path).parent.name for path in libraries] == ["pysqlite3"]


def test_what_was_acknowledged_survives_a_kill(box: Box, key: str) -> None:
    with serving(box) as server:
        body = json.dumps({"title": "Outlives the process", "start": False}).encode()
        status, made = get(f"{server.url}/api/v1/tasks", key, body)
        assert status == 201, made
        server.kill()
    with serving(box) as server:
        status, found = get(f"{server.url}/api/v1/tasks/{json.loads(made)['id']}", key)
    assert (status, json.loads(found)["title"]) == (200, "Outlives the process")


def test_a_clean_stop_leaves_no_temporary_files(box: Box) -> None:
    with serving(box) as server:
        assert server.stop() in (0, -signal.SIGTERM)
    assert list(box.temp.iterdir()) == []


def test_the_program_follows_its_first_process(box: Box) -> None:
    """Killing the process that systemd or a shell knows must free the port and the data folder."""
    with serving(box) as server:
        first, *program = server.pids()
        watched = [os.pidfd_open(pid) for pid in program]
        os.kill(first, signal.SIGKILL)
        server.process.wait()
        for watch in watched:
            assert select.select([watch], [], [], 15)[0], "the program runs on without its first process"
            os.close(watch)
