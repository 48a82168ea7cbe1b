"""L4: a full disk, a read-only one, a database kept by somebody else: nothing is lost, and work goes on by itself."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from appliance.db.sqlite_connection import connect
from appliance.errors import Problem
from tests.crash import drive, oracles, plays, scene
from tests.crash.crowd import Crowd
from tests.crash.scene import Place
from tests.waiting import until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]
SIZE = "8m"
BUSY_S = 2.0
ACTS = ["inside", "keyed", "inside"]
_ENDED = "SELECT COUNT(*) AS n FROM runs WHERE state = 'succeeded'"


class Box:
    def __init__(self, place: Place, crowd: Crowd, tenant: str) -> None:
        self.place = place
        self.crowd = crowd
        self.tenant = tenant

    def hand_out(self, count: int) -> None:
        with self.crowd.catalogue.open(self.tenant) as db:
            for n in range(count):
                self.crowd.submit(db, f"key-{len(self.crowd.accepted)}-{n}", ACTS)

    def ended(self) -> int:
        with self.crowd.catalogue.open(self.tenant) as db:
            return int(db.value(_ENDED))

    def until_all_ended(self) -> None:
        until(lambda: self.ended() == len(self.crowd.accepted), 40)
        assert oracles.judge(self.crowd.catalogue, self.crowd.accepted, self.crowd.outside).faults == []


@contextmanager
def box(root: Path) -> Iterator[Box]:
    place = Place(root / "data")
    [tenant] = scene.make(place, ("acme",)).values()
    with scene.looked_at(place) as catalogue:
        yield Box(place, Crowd(catalogue, plays.outside_of(place.folder), 0, clicks_at_once=False), tenant)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if (done := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"a disk of its own needs the right to mount: {done.stderr.strip()}")
    # The world outside has a disk of its own.
    (tmp_path / "outside").mkdir()
    (folder / "outside").symlink_to(tmp_path / "outside")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65536))
    return ballast


def test_work_waits_for_space_on_a_full_disk_and_goes_on_by_itself(small_disk: Path) -> None:
    with box(small_disk) as here, drive.start(here.place, "--lease", "2"):
        here.hand_out(20)
        until(lambda: here.ended() >= 3, 20)
        ballast = fill(small_disk)
        with pytest.raises(Problem) as refused:
            here.hand_out(2000)
        assert refused.value.code == "disk_full"
        ballast.unlink()
        here.hand_out(5)
        here.until_all_ended()


def test_a_start_on_a_read_only_disk_says_so_and_changes_nothing(small_disk: Path) -> None:
    with box(small_disk) as here:
        here.hand_out(10)
    remount = ["mount", "-o", "remount"]
    subprocess.run([*remount, "-r", str(small_disk)], check=True)
    command = [sys.executable, "-m", "appliance", "serve", "--no-open", "--data", str(here.place.folder)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    subprocess.run([*remount, "-w", str(small_disk)], check=True)
    assert refused.returncode == 78
    assert "can't be written" in refused.stderr
    with scene.looked_at(here.place) as catalogue:
        here.crowd.catalogue = catalogue
        with drive.start(here.place):
            here.until_all_ended()


def test_work_waits_out_whoever_keeps_the_database_for_itself(tmp_path: Path) -> None:
    with box(tmp_path) as here, drive.start(here.place, "--busy-ms", "200", "--lease", "2"):
        here.hand_out(40)
        other = connect(here.place.folder / "tenants" / here.tenant / "tenant.db")
        other.execute("BEGIN IMMEDIATE")
        before = here.ended()
        threading.Event().wait(BUSY_S)
        assert here.ended() == before
        other.execute("ROLLBACK")
        other.close()
        here.until_all_ended()
