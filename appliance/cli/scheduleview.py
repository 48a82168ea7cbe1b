"""How a schedule and its ticks read in a terminal."""

from typing import Any

import msgspec

from appliance.cli.show import ago, duration, facts, table, words
from appliance.domain.schedules.previews import Upcoming
from appliance.domain.schedules.rows import Schedule, Tick


def view(found: Schedule) -> dict[str, Any]:
    return {**msgspec.to_builtins(found), "words": found.words}


def said(found: Schedule) -> str:
    """The calendar in words; a cron expression stands beside them."""
    return found.words if found.spec.startswith("every ") else f"{found.words} ({found.spec})"


def state(found: Schedule) -> str:
    return f"{found.state}: {found.note}" if found.note else found.state


def about(found: Schedule, next_: list[Upcoming]) -> str:
    task, workflow = found.target.task, found.target.workflow
    pairs = [
        ("Schedule", f"{found.slug} ({found.name})"),
        ("State", state(found)),
        ("When", said(found)),
        ("Zone", found.zone),
        ("Makes", f"the task “{task.title}”" + (f" for {task.assignee}" if task.assignee else "") if task else ""),
        ("Starts", f"the workflow {workflow.slug}" if workflow else ""),
        ("Overlap", words(found.overlap)),
        ("Catches up", duration(found.catch_up_s) if found.catch_up_s else "nothing"),
        ("Jitter", duration(found.jitter_s) if found.jitter_s else ""),
        ("Begins", found.starts_at),
        ("Ends", found.ends_at),
        ("Left", found.remaining),
        ("Failed", f"{found.failures} in a row" if found.failures else ""),
    ]
    return f"{facts(pairs)}\n\n{times_table(next_)}"


def times_table(next_: list[Upcoming]) -> str:
    rows = [(one.local, ago(one.at), one.remark) for one in next_]
    return table(("next", "", "remark"), rows, "No time is left.")


def ticks_table(found: list[Tick]) -> str:
    rows = [
        (t.due_at[:16] + "Z", words(t.kind), t.state, f"#{t.task_number}" if t.task_number else "", t.detail)
        for t in found
    ]
    return table(("time", "by", "did", "task", "why"), rows, "No time has come yet.")
