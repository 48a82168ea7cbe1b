"""Schedules from a terminal."""

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def daily(agenthq: Run, box: object) -> Run:
    target = ("--title", "Look", "--check", "contains=ok", "--budget-usd", "0.5", "--priority", "high")
    made = agenthq("schedule", "add", "daily-look", "--cron", "0 9 * * 1-5", "--zone", "Europe/Berlin", *target)
    assert made.code == 0, made.err
    return agenthq


def test_a_schedule_is_made_listed_and_shown(daily: Run) -> None:
    assert daily("schedule", "list").out.splitlines()[1].split()[:4] == ["daily-look", "At", "09:00", "on"]
    shown = daily("schedule", "show", "daily-look").out
    assert "At 09:00 on Monday through Friday (0 9 * * 1-5)" in shown and "No time has come yet." in shown
    found = daily("schedule", "show", "daily-look", "--json").json
    assert (found["state"], found["overlap"], found["catch_up_s"], found["pause_after"]) == ("active", "skip", 3600, 5)
    task = found["target"]["task"]
    assert (task["title"], task["priority"], task["checks"][0]["kind"]) == ("Look", 2, "contains")


def test_a_change_keeps_what_is_not_given(daily: Run) -> None:
    daily("schedule", "change", "daily-look", "--overlap", "allow_all", "--ends", "2099-12-31", "--times", "3")
    found = daily("schedule", "change", "daily-look", "--every", "2h", "--ends", "none", "--times-none", "--json").json
    assert (found["words"], found["overlap"], found["ends_at"], found["remaining"]) == (
        "Every 2 hours",
        "allow_all",
        None,
        None,
    )
    assert found["target"]["task"]["title"] == "Look"


def test_a_run_by_hand_and_the_history(daily: Run) -> None:
    assert daily("schedule", "run", "daily-look").out.splitlines()[1].split()[1:] == ["manual", "started", "#1"]
    assert "#1 has not ended." in daily("schedule", "run", "daily-look").out
    assert len(daily("schedule", "ticks", "daily-look", "--json").json["items"]) == 2
    assert len(daily("schedule", "ticks", "daily-look", "--state", "started", "--json").json["items"]) == 1
    assert daily("task", "show", "1", "--json").json["created_by"].startswith("schedule:")


def test_pause_and_resume(daily: Run) -> None:
    daily("schedule", "pause", "daily-look", "--note", "Closed")
    assert "paused: Closed" in daily("schedule", "list").out
    assert daily("schedule", "resume", "daily-look").out.startswith("daily-look is active; next in")
    assert daily("schedule", "resume", "--restored").out == "0 resumed.\n"
    assert daily("schedule", "resume").code == 2


def test_a_backfill_counts_before_it_runs(daily: Run) -> None:
    span = ("daily-look", "2026-11-02", "2026-11-05")
    counted = daily("schedule", "backfill", *span)
    assert counted.out.splitlines()[-1] == "Run them by adding --confirm 3."
    assert daily("schedule", "backfill", *span, "--confirm", "2").code == 2
    assert daily("schedule", "backfill", *span, "--confirm", "3", "--json").json["items"][0]["state"] == "started"
    assert daily("schedule", "backfill", *span).out.splitlines()[-1] == "There is nothing to fill in."


def test_a_preview_saves_nothing(agenthq: Run, box: object) -> None:
    given = ("--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--starts", "2027-03-28", "--limit", "1")
    lines = agenthq("schedule", "preview", *given).out.splitlines()
    assert lines[0] == "At 02:30 every day, Europe/Berlin"
    assert lines[3].startswith("Sun 2027-03-28 03:00 +0200") and lines[3].endswith("when the gap ends.")
    assert agenthq("schedule", "list").out.startswith("There is no schedule yet.")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--cron", "0 0 31 2 *", "--title", "T"), "never comes"),
        (("--cron", "@daily"), "say what it starts"),
        (("--cron", "@daily", "--body", "B"), "Give the task a --title"),
        (("--cron", "@daily", "--title", "T", "--workflow", "w"), "not both"),
        (("--cron", "@daily", "--workflow", "w", "--input", "x"), "NAME=VALUE"),
        (("--cron", "@daily", "--workflow", "w"), "There is no such workflow w"),
        (("--every", "soon", "--title", "T"), "for example 15m"),
    ],
)
def test_what_makes_no_sense_is_one_line(agenthq: Run, box: object, given: tuple[str, ...], said: str) -> None:
    done = agenthq("schedule", "add", "some", *given)
    assert (done.code, len(done.lines)) == (2, 1)
    assert said in done.err


def test_a_schedule_is_removed(daily: Run) -> None:
    assert daily("schedule", "remove", "daily-look").code == 0
    assert daily("schedule", "show", "daily-look").code == 1
