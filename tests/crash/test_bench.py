"""What owners can try and use themselves: the crash bench, and putting a backup back."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash import scene
from tests.crash.scene import Place
from tests.crash.server import serving
from tests.postgres import free_port
from tests.waiting import until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


def agenthq(*given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "appliance", *given], capture_output=True, text=True, check=False)


def test_the_crash_bench_for_owners_finds_nothing_lost() -> None:
    done = agenthq("bench", "--crash", "--runs", "60", "--kills", "2", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["ok"], found["runs"], found["kills"], found["lost"], found["duplicated"]) == (True, 60, 2, 0, 0)


def test_a_backup_is_declared_restored_once_no_server_works_on_it(tmp_path: Path) -> None:
    place = Place(tmp_path / "data")
    scene.make(place, ("acme",))
    with serving(place.folder, free_port()) as server:
        until(lambda: (place.folder / "server.lock").exists() and server.link, 20)
        assert agenthq("restored", "--data", str(place.folder)).returncode == 75
        assert server.stop() == 0
    done = agenthq("restored", "--data", str(place.folder))
    assert (done.returncode, "acme" in done.stdout) == (0, True), done.stderr
