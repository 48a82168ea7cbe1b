"""The counters of budgets: equal to the ledger in every scope and span, whatever happens in whatever order."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance import clock, ids
from appliance.domain import budgets, ledger, preferences, scopes, spent, tasks, windows, zones
from appliance.domain.actor import SYSTEM
from appliance.domain.ledger import Attempt, Ended, Opening
from appliance.domain.task_forms import NewTask
from tests.world import World

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
COSTS = st.one_of(st.none(), st.integers(0, 10**12))
CALLS = st.tuples(
    st.sampled_from(["a-1", "a-2", None]),
    st.sampled_from([0, 1, 2, None]),
    st.sampled_from(["p-1", "p-2"]),
    st.lists(COSTS, min_size=1, max_size=3),
    st.integers(0, 200_000),
    st.sampled_from(["settle", "settle", "at once", "lose", "leave open"]),
)
EDITS = st.tuples(
    st.sampled_from(["tenant", "agent"]), st.sampled_from(windows.SPANS), st.one_of(st.none(), st.integers(0, 10**15))
)
ZONES = st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "UTC"])
MOVES = st.lists(st.one_of(CALLS, EDITS, ZONES), max_size=12)


def line(db) -> list[str]:
    """Three tasks, each below the one before; the first belongs to a project."""
    made: list[str] = []
    for title in ("Top", "Middle", "Bottom"):
        parent = made[-1] if made else None
        made.append(tasks.create(db, SYSTEM, NewTask(f"{title} {ids.new()}", parent_id=parent)).id)
    db.update("tasks", {"id": made[0]}, project="web")
    return made


def call(db, made: list[str], move) -> None:
    agent, nth, provider, costs, _, ending = move
    task = None if nth is None else made[nth]
    counted = scopes.of(db, provider_id=provider, agent_id=agent, task_id=task, run_id=task and f"r-{nth}")
    opening = Opening(provider, "m", False, 7_000, ending, counted, task and f"r-{nth}", "", task, agent)
    attempts = [Attempt(provider, "m", cost_nano=cost) for cost in costs]
    if ending == "at once":
        with db.transaction():
            ledger.enter_ended(db, opening, Ended(ids.new(), attempts))
        return
    call_id = ledger.open_call(db, opening)
    if ending == "settle":
        with db.transaction():
            ledger.settle(db, call_id, attempts)
    elif ending == "lose":
        ledger.give_up(db, call_id, attempts)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(MOVES)
def test_counters_equal_the_ledger_in_every_scope_and_span(world: World, moves) -> None:
    with world.db() as db:
        for table in ("attempts", "calls", "spent", "reservations", "budgets", "preferences"):
            db.execute(f"DELETE FROM {table}")
        made, now = line(db), NOON
        for move in moves:
            now += timedelta(seconds=move[4] if len(move) == 6 else 60)
            with clock.frozen(now):
                if isinstance(move, str):
                    zones.change(db, SYSTEM, move)
                elif len(move) == 3:
                    budgets.put(db, SYSTEM, move[0], "" if move[0] == "tenant" else "a-1", move[1], move[2])
                elif not budgets.short(db, scopes.of(db, agent_id=move[0]), 7_000):
                    call(db, made, move)
        with clock.frozen(now):
            for span, starts in windows.starts(now, preferences.zone(db)).items():
                sql = "SELECT * FROM spent WHERE span = :span AND starts = :starts ORDER BY scope, scope_id"
                kept = db.rows(sql, {"span": span, "starts": starts})
                assert kept == spent.from_ledger(db, span, starts)
            ledger.settle_lost(db, ledger.owners(db))
            assert db.rows("SELECT * FROM reservations") == []


def test_a_task_counts_what_is_spent_below_it(world: World) -> None:
    with world.db() as db:
        made = line(db)
        call(db, made, ("a-1", 2, "p-1", [5], 0, "settle"))
        call(db, made, ("a-1", 1, "p-1", [7], 0, "settle"))
        assert [spent.of(db, "task", id_, "lifetime") for id_ in made] == [12, 12, 5]
        assert spent.of(db, "project", "web", "month") == 12
        assert spent.of(db, "provider", "p-1", "day") == 12


def test_days_begin_at_the_tenants_midnight(world: World) -> None:
    with world.db() as db:
        zones.change(db, SYSTEM, "America/New_York")
        budgets.put(db, SYSTEM, "tenant", "", "day", 10_000)
        with clock.frozen(clock.parse("2026-11-23T04:59:00Z")):
            call(db, line(db), (None, None, "p-1", [60], 0, "settle"))
            assert budgets.all(db)[0].spent_nano == 60
        with clock.frozen(clock.parse("2026-11-23T05:00:00Z")):
            [budget] = budgets.all(db)
            assert (budget.spent_nano, budget.starts[:16], (budget.ends or "")[:16]) == (
                0,
                "2026-11-23T05:00",
                "2026-11-24T05:00",
            )


def test_the_hours_of_a_changed_clock_are_hours(world: World) -> None:
    zone = preferences.known_zone("Europe/Berlin")
    autumn = clock.parse("2026-10-25T00:30:00Z")
    found = windows.around(autumn, zone)
    assert found["hour"][0][:16] == "2026-10-25T00:00"
    assert windows.around(autumn + timedelta(hours=1), zone)["hour"][0][:16] == "2026-10-25T01:00"
    assert [(found[span].ends or "")[:16] for span in ("day", "month")] == ["2026-10-25T23:00", "2026-10-31T23:00"]
    nepal = windows.around(clock.parse("2026-11-23T00:20:00Z"), preferences.known_zone("Asia/Kathmandu"))
    assert nepal["hour"][0][:16] == "2026-11-23T00:15"


def test_another_zone_counts_the_current_day_anew(world: World) -> None:
    with world.db() as db, clock.frozen(clock.parse("2026-11-23T03:00:00Z")):
        with clock.frozen(clock.parse("2026-11-22T23:30:00Z")):
            call(db, line(db), (None, None, "p-1", [60], 0, "settle"))
        assert spent.of(db, "tenant", "", "day") == 0
        zones.change(db, SYSTEM, "Europe/Berlin")
        assert spent.of(db, "tenant", "", "day") == 60
        zones.change(db, SYSTEM, "UTC")
        assert spent.of(db, "tenant", "", "day") == 0


def test_hours_long_over_are_forgotten_and_months_kept(world: World) -> None:
    with world.db() as db:
        with clock.frozen(NOON - timedelta(days=90)):
            call(db, line(db), (None, None, "p-1", [60], 0, "settle"))
        with clock.frozen(NOON):
            spent.prune(db)
            assert {row["span"] for row in db.rows("SELECT span FROM spent")} == {"month", "lifetime"}
