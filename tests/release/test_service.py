"""The box as a service: its unit, and what it tells systemd on a socket that the test holds."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import children
from appliance.errors import Problem
from appliance.release import units
from appliance.release.notify import supervised
from appliance.release.units import Service
from tests.waiting import until

SYSTEM = Service(Path("/opt/agenthq/current/agenthq"), Path("/var/lib/agenthq"))
OWN = Service(Path("/home/a b/current/agenthq"), Path("/home/a b/100%"), own=True)


class Systemd:
    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(10)
        self.env = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "150000", "WATCHDOG_PID": str(os.getpid())}

    def hear(self, wanted: str) -> list[str]:
        """The lines of the next message that holds this one."""
        while True:
            lines = self.socket.recv(4096).decode().splitlines()
            if any(line.startswith(wanted) for line in lines):
                return lines


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    made = Systemd(tmp_path / "notify")
    yield made
    made.socket.close()


def test_a_start_asks_for_time_says_ready_and_feeds_the_watchdog(systemd: Systemd) -> None:
    with supervised(lambda: None, systemd.env) as service:
        assert service.every == pytest.approx(0.05)
        systemd.hear("EXTEND_TIMEOUT_USEC=60000000")
        service.ready("AgentHQ at http://127.0.0.1:8420")
        assert systemd.hear("READY=1") == ["READY=1", "STATUS=AgentHQ at http://127.0.0.1:8420"]
        systemd.hear("WATCHDOG=1")
        systemd.hear("WATCHDOG=1")
        service.stopping()
        systemd.hear("STOPPING=1")


def test_data_that_does_not_answer_leaves_the_watchdog_hungry(systemd: Systemd) -> None:
    broken = threading.Event()

    def well() -> None:
        if broken.is_set():
            raise Problem("unavailable", "The database is\nbusy.")

    with supervised(well, systemd.env) as service:
        service.ready("")
        systemd.hear("WATCHDOG=1")
        broken.set()
        assert systemd.hear("STATUS=Not well") == ["STATUS=Not well: The database is busy."]
        assert systemd.socket.recv(4096).startswith(b"STATUS=Not well")


def test_without_systemd_nothing_is_said_and_nothing_runs() -> None:
    before = threading.active_count()
    with supervised(lambda: None, {}) as service:
        service.ready("")
        assert threading.active_count() == before


@pytest.mark.parametrize(
    ("pid", "fed"), [(os.getpid(), True), (os.getppid(), True), (1, False)], ids=["ours", "our loader's", "another's"]
)
def test_only_our_own_watchdog_is_fed_so_often(systemd: Systemd, pid: int, fed: bool) -> None:
    with supervised(lambda: None, systemd.env | {"WATCHDOG_PID": str(pid)}) as service:
        assert (service.every < 1) is fed


def test_a_child_can_not_speak_for_the_box(systemd: Systemd) -> None:
    assert children.environment(systemd.env | {"PATH": "/bin"}) == {"PATH": "/bin"}


def test_the_unit_of_the_machine_is_hardened_and_waits_for_readiness() -> None:
    lines = units.systemd(SYSTEM).splitlines()
    assert "Type=notify" in lines
    assert "ExecStart=/opt/agenthq/current/agenthq serve --no-open --data /var/lib/agenthq" in lines
    assert {"DynamicUser=yes", "StateDirectory=agenthq", "WatchdogSec=60", "NotifyAccess=main"} <= set(lines)
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "PrivateDevices=yes"} <= set(lines)
    assert "RestartPreventExitStatus=2 75 78" in lines


def test_a_chosen_user_may_write_the_data_alone() -> None:
    lines = units.systemd(SYSTEM._replace(data=Path("/srv/hq"), run_as="hq")).splitlines()
    assert {"User=hq", "ReadWritePaths=/srv/hq"} <= set(lines)
    assert "DynamicUser=yes" not in lines


def test_the_unit_of_a_person_quotes_what_systemd_would_expand() -> None:
    text = units.systemd(OWN)
    assert 'ExecStart="/home/a b/current/agenthq" serve --no-open --data "/home/a b/100%%"' in text
    assert "WantedBy=default.target" in text
    assert "PrivateDevices" not in text


def test_the_single_file_notifies_from_behind_its_loader() -> None:
    assert "NotifyAccess=all" in units.systemd(SYSTEM._replace(single_file=True))


def test_the_unit_that_ships_is_the_one_that_is_installed() -> None:
    shipped = Path("packaging/agenthq.service").read_text()
    assert shipped.partition("\n")[2] == units.systemd(SYSTEM)


@pytest.mark.outside
@pytest.mark.parametrize("service", [SYSTEM, OWN._replace(program=Path("/bin/true"))], ids=["machine", "person"])
def test_systemd_finds_no_fault_in_it(tmp_path: Path, service: Service) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here")
    unit = tmp_path / "agenthq.service"
    unit.write_text(units.systemd(service._replace(program=Path("/bin/true"))))
    command = ["systemd-analyze", "verify", *(["--user"] if service.own else []), "--man=no", str(unit)]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert [line for line in found.stderr.splitlines() if "agenthq.service" in line] == []


def test_other_systems_get_what_they_understand() -> None:
    assert "<string>/home/a b/100%</string>" in units.launchd(OWN)
    assert "<string>/a&amp;b/p</string>" in units.launchd(OWN._replace(program=Path("/a&b/p")))
    assert 'binPath= "\\"/opt/agenthq/current/agenthq\\" serve' in units.windows(SYSTEM)


def test_a_whole_server_is_ready_only_when_its_page_opens(systemd: Systemd, tmp_path: Path) -> None:
    command = [*children.ourselves(), "serve", "--no-open", "--port", "0", "--data", str(tmp_path / "data")]
    server = subprocess.Popen(command, env={**os.environ, **systemd.env, "WATCHDOG_PID": ""})
    try:
        systemd.socket.settimeout(40)
        assert any("http://127.0.0.1:" in line for line in systemd.hear("READY=1"))
        systemd.hear("WATCHDOG=1")
        server.terminate()
        systemd.hear("STOPPING=1")
        assert until(lambda: server.poll() is not None and (server.returncode,), 20) == (0,)
    finally:
        server.kill()
        server.wait()
