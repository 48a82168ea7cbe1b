"""Schedules under kill -9: whatever commit a process dies at, each time of each schedule is run exactly once."""

import pytest

from tests.crash import calendar_lives
from tests.crash.test_lives import MEMORY, count, lives

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


def test_kill_between_any_two_commits_fires_each_time_exactly_once() -> None:
    done = lives(module=calendar_lives.__name__)
    assert done.returncode == 0, done.stdout
    assert count(done, "kills") >= 40


@pytest.mark.skipif(not MEMORY.is_dir(), reason="twice as slow on a disk")
def test_the_judge_sees_a_tick_that_is_not_of_one_transaction() -> None:
    done = lives("--bug", module=calendar_lives.__name__)
    assert done.returncode == 1
    assert "times are told of" in done.stdout or "of a tick" in done.stdout
