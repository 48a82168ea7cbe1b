"""L1, L2 and L7: whatever point a worker dies or stalls at, nothing is lost or done twice; and the suite can tell."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.bugs import BUGS

MEMORY = Path("/dev/shm")
pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


def lives(*given: str, module: str = "tests.crash.lives") -> subprocess.CompletedProcess[str]:
    """`python -m tests.crash.lives`, or another of its kind: its points and faults are told in its last line."""
    # What a killed process has written stays, whether it had reached the disk or not; so no disk is needed.
    folder = ["--folder", str(MEMORY)] if MEMORY.is_dir() else []
    command = [sys.executable, "-m", module, *folder, *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    return done


def count(done: "subprocess.CompletedProcess[str]", what: str) -> int:
    found = re.search(rf"{what}=(\d+)", done.stdout)
    assert found, done.stderr
    return int(found[1])


def test_a_worker_killed_at_any_commit_or_call_loses_and_repeats_nothing() -> None:
    done = lives()
    assert done.returncode == 0, done.stdout
    assert count(done, "kills") >= 80


def test_a_worker_stopped_past_its_lease_writes_nothing_when_it_comes_back() -> None:
    done = lives("--stop", "--step", "3")
    assert done.returncode == 0, done.stdout
    assert count(done, "stops") >= 20


def test_mistake_28_a_backup_is_read_by_its_restore_and_repeats_no_effect() -> None:
    done = lives("--restore", "--step", "7")
    assert done.returncode == 0, done.stdout
    assert count(done, "backups") >= 12


@pytest.mark.parametrize("name", BUGS)
def test_the_suite_fails_for_a_seeded_bug(name: str) -> None:
    bug = BUGS[name]
    stop = ["--stop"] if bug.by == "stops" else []
    done = lives("--bug", name, "--acts", bug.acts, "--until", bug.oracle, *stop)
    assert done.returncode == 1, done.stderr
    assert f": {bug.oracle} " in done.stdout
