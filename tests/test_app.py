"""A start and its end: who may start, where it listens, and what it does when it must not open its data."""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import app, keyfile, listening, settings
from appliance.db import migrate
from appliance.domain import agents, claims, samples, tasks, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from appliance.settings import Settings
from tests.crash.server import Server, serving
from tests.postgres import free_port
from tests.waiting import until

pytestmark = pytest.mark.outside


def chosen(folder: Path, **flags: object) -> Settings:
    return settings.load({"data": str(folder), **flags}, {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with tenant Acme in it."""
    values = chosen(tmp_path / "data")
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box, catalogue.control() as control:
        tenants.create(catalogue, control, box.vault, "acme", "Acme")
    return tmp_path / "data"


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def answering(server: Server) -> str:
    """Its link, once it answers there."""

    def link() -> str:
        assert server.process.poll() is None, server.log
        try:
            return server.link if get(server.link + "/livez")[0] == 200 else ""
        except (OSError, ValueError):
            return ""

    return until(link, 20)


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, free_port()) as running:
        answering(running)
        yield running


def test_a_second_server_exits_75_naming_process_and_link(server: Server) -> None:
    command = [sys.executable, "-m", "appliance", "serve", "--no-open", "--data", str(server.folder)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert second.returncode == 75
    assert second.stderr == (
        f"agenthq: AgentHQ already runs on {server.folder} as process {server.process.pid} at {server.link}. "
        "Open that, or stop it.\n"
    )


def test_a_start_prints_the_setup_link_and_a_stop_is_clean(server: Server) -> None:
    link = next(word for word in server.log.split() if "/setup/" in word)
    status, page = get(link)
    assert (status, "AgentHQ" in page) == (200, True)
    assert server.stop() == 0
    assert "Traceback" not in server.log
    assert not list(server.folder.glob("*.db-wal")) or server.process.returncode == 0


@pytest.mark.parametrize("key", [None, "ab" * 32, "not a key"], ids=["missing", "wrong", "damaged"])
def test_without_its_master_key_the_box_is_locked_and_says_the_fix(folder: Path, key: str | None) -> None:
    file = keyfile.path(folder)
    file.unlink() if key is None else file.write_text(key)
    with serving(folder, free_port()) as server:
        link = answering(server)
        for path in ("/", "/login", "/t/acme/board", "/setup/x"):
            status, page = get(link + path)
            assert status == 503
            assert "keys/master.key" in page
        status, body = get(link + "/readyz")
        assert (status, json.loads(body)["code"]) == (503, "locked")
        assert server.stop() == 0
    assert (file.read_text() if file.exists() else None) == key


def test_the_right_key_opens_the_same_box_again(folder: Path) -> None:
    file = keyfile.path(folder)
    right = file.read_text()
    file.write_text("ab" * 32)
    with app.open_data(chosen(folder)) as catalogue:
        with pytest.raises(Problem) as caught, app.open_box(chosen(folder), catalogue):
            raise AssertionError("it opened")
        assert caught.value.code == "locked"
        with app.open_box(chosen(folder, master_key=right.strip()), catalogue):
            """The setting stands above the file."""


def test_a_taken_port_is_named(folder: Path) -> None:
    with socket.socket() as other, app.open_data(chosen(folder)) as catalogue:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Problem) as caught, listening.bound(chosen(folder, port=port), catalogue):
            raise AssertionError("it was bound")
    assert (caught.value.code, caught.value.exit) == ("unavailable", 69)
    assert caught.value.detail == (
        f"Can't listen on 127.0.0.1, port {port}: Address already in use. Choose with --port N."
    )


def test_the_body_of_an_answer_does_not_wait_until_its_head_is_acknowledged(folder: Path) -> None:
    values = chosen(folder, port=free_port())
    with app.open_data(values) as catalogue, listening.bound(values, catalogue) as door:
        door.listen()
        with socket.create_connection(door.getsockname()), door.accept()[0] as line:
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_port_of_the_last_start_comes_first(folder: Path) -> None:
    with app.open_data(chosen(folder)) as catalogue:
        with listening.bound(chosen(folder), catalogue) as listener:
            listener.listen()
            first = listener.getsockname()[1]
            with listening.bound(chosen(folder), catalogue) as other:
                second = other.getsockname()[1]
        assert first != second
        with listening.bound(chosen(folder), catalogue) as listener:
            assert listener.getsockname()[1] == second


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "box.example.org"])
def test_beyond_this_machine_nobody_is_exposed_by_accident(folder: Path, host: str) -> None:
    with pytest.raises(Problem) as caught:
        app.serve(chosen(folder, host=host), app.Told(lambda address: None))
    assert (caught.value.code, caught.value.exit) == ("config", 78)
    assert "--behind-proxy CIDR" in caught.value.detail
    listening.check_exposure(chosen(folder, host=host, behind_proxy="10.0.0.0/8"))
    listening.check_exposure(chosen(folder, host=host, insecure_http=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_needs_no_tls(folder: Path, host: str) -> None:
    listening.check_exposure(chosen(folder, host=host))


def test_the_link_is_what_people_can_open(folder: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert listening.link_of(chosen(folder), listener) == f"http://127.0.0.1:{port}"
        public = chosen(folder, public_url="https://hq.example.org/")
        assert listening.link_of(public, listener) == "https://hq.example.org"


def test_data_of_a_newer_program_is_left_alone(folder: Path) -> None:
    row = {"version": migrate.latest("control") + 1, "name": "later", "applied_at": ""}
    with app.open_data(chosen(folder)) as catalogue, catalogue.control() as control:
        control.insert("_migrations", row)
    with pytest.raises(Problem) as caught:
        app.serve(chosen(folder), app.Told(lambda address: None))
    assert (caught.value.code, caught.value.exit) == ("newer_data", 78)


def test_a_database_server_that_does_not_answer_is_named(folder: Path) -> None:
    values = chosen(folder, database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    with pytest.raises(Problem) as caught, app.open_data(values):
        raise AssertionError("it opened")
    assert (caught.value.code, caught.value.exit) == ("unavailable", 69)


@pytest.mark.parametrize(("role", "state"), [("all", "done"), ("web", "todo")])
def test_a_role_says_whether_work_is_done_here(folder: Path, role: str, state: str) -> None:
    values = chosen(folder, role=role, workers=2)
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box:
        with catalogue.control() as control:
            acme = tenants.by_slug(control, "acme")
        with catalogue.open(acme.id) as db:
            samples.add_simulated(db, SYSTEM, box.vault, pace="instant")
            agents.create(db, SYSTEM, NewAgent("ada", "Ada", "Work.", "simulated"))
            task = tasks.create(db, SYSTEM, NewTask("T", "Save it as a.md", "ada"))
            with app.running_engine(box):
                if role == "all":
                    until(lambda: tasks.get(db, task.id).state == "done")
            assert tasks.get(db, task.id).state == state
            assert claims.has_ready(db) is (role == "web")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"role": "worker"}, "Role worker needs AGENTHQ_DATABASE_URL"),
        ({"role": "scheduler"}, "Role scheduler needs AGENTHQ_DATABASE_URL"),
        ({"queue_url": "redis://127.0.0.1/0"}, "AGENTHQ_QUEUE_URL needs AGENTHQ_DATABASE_URL"),
    ],
)
def test_files_of_sqlite_are_not_shared(folder: Path, flags: dict[str, str], sentence: str) -> None:
    with pytest.raises(Problem) as caught:
        app.serve(chosen(folder, **flags), app.Told(lambda address: None))
    assert (caught.value.code, caught.value.exit) == ("config", 78)
    assert sentence in caught.value.detail
