from datetime import UTC, datetime, timedelta

import pytest

from appliance import clock
from appliance.domain import agents, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.analytics import summaries, usage
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.domain.spending import Spent, book
from tests.world import World

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_an_empty_ledger_adds_up_to_nothing(world: World) -> None:
    with world.db() as db:
        found = summaries.summary(db)
        assert (found.total.calls, found.total.cost_nano, found.accepted.per_task_nano) == (0, 0, None)
        assert usage.breakdown(db, "model", found.first_day, found.last_day) == []
        assert [day.cost_nano for day in usage.days(db, 14)] == [0] * 14


def test_simulated_money_is_told_apart(world: World) -> None:
    with world.db() as db:
        book(db, Spent(70, simulated=True))
        book(db, Spent(30))
        today = usage.today(db)
        assert (today.cost_nano, today.simulated_nano, today.real_nano) == (100, 70, 30)
        assert usage.days(db, 1)[0].real_nano == 30


def test_days_come_in_order_with_the_empty_ones(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        for back, cost in ((0, 5), (2, 3), (20, 9)):
            book(db, Spent(cost, at=NOON - timedelta(days=back)))
        found = usage.days(db, 4)
        assert [(day.day, day.cost_nano) for day in found] == [
            ("2026-11-20", 0),
            ("2026-11-21", 3),
            ("2026-11-22", 0),
            ("2026-11-23", 5),
        ]


def test_the_month_begins_on_its_first(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        book(db, Spent(1, at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC)))
        book(db, Spent(2, at=datetime(2026, 11, 1, 0, 0, tzinfo=UTC)))
        assert usage.month(db).cost_nano == 2


@pytest.mark.parametrize("by", list(usage.BY))
def test_every_breakdown_adds_up_to_the_total(world: World, by: str) -> None:
    with world.db() as db:
        for n in range(12):
            book(db, Spent(10**n if n % 4 else None, model=f"m{n % 3}", provider_id=f"p{n % 2}", agent_id=None))
        day = clock.iso()[:10]
        lines, total = usage.breakdown(db, by, day, day), usage.total(db, day, day)
        for field in ("calls", "failed", "unpriced", "input_total", "output_total", "cost_nano", "simulated_nano"):
            assert sum(getattr(line, field) for line in lines) == getattr(total, field), field


def test_the_most_expensive_comes_first_and_the_nameless_are_named(world: World) -> None:
    with world.db() as db:
        mara = agents.create(db, SYSTEM, NewAgent("mara", "Mara Quill", "Write.", "simulated"))
        book(db, Spent(1, agent_id=mara.id))
        book(db, Spent(2))
        day = clock.iso()[:10]
        assert [line.label for line in usage.breakdown(db, "agent", day, day)] == ["No agent", "Mara Quill"]
        assert usage.breakdown(db, "provider", day, day)[0].label == "Removed account"


def test_an_accepted_task_costs_all_its_calls(world: World) -> None:
    with world.db() as db:
        agents.create(db, SYSTEM, NewAgent("mara", "Mara Quill", "Write.", "simulated"))
        done, open_ = (tasks.create(db, SYSTEM, NewTask(title, assignee="mara")) for title in ("A", "B"))
        for task, cost in ((done, 300), (done, 100), (open_, 1_000)):
            db.update("calls", {"id": book(db, Spent(cost, simulated=True))}, task_id=task.id)
        db.update("tasks", {"id": done.id}, state="done", finished_at=clock.iso())
        accepted = summaries.summary(db).accepted
        assert (accepted.tasks, accepted.per_task_nano, accepted.simulated_nano) == (1, 400, 400)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("2026-13-01", "", "from"),
        ("", "yesterday", "to"),
        ("2026-11-02", "2026-11-01", "from"),
        ("20261101", "", "from"),
    ],
)
def test_what_is_no_span_of_days_is_refused(first: str, last: str, field: str) -> None:
    with pytest.raises(Problem) as refused:
        usage.span(first, last)
    assert field in refused.value.errors


def test_a_span_without_days_is_this_month() -> None:
    with clock.frozen(NOON):
        assert usage.span("", "") == ("2026-11-01", "2026-11-23")
        assert usage.span("", "2026-10-05") == ("2026-10-01", "2026-10-05")


def test_an_unknown_breakdown_names_those_there_are(world: World) -> None:
    with world.db() as db, pytest.raises(Problem) as refused:
        usage.breakdown(db, "weather", "2026-11-01", "2026-11-01")
    assert "agent" in refused.value.errors["by"]
