import msgspec
import pytest

from appliance import clock, ids
from appliance.domain import budgets, ledger, ledger_lists, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.analytics import usage
from appliance.domain.ledger import Attempt, CallFilter, Ended, Opening
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.domain.spending import TENANT, Spent, book
from tests.world import World


def test_an_open_call_holds_its_estimate_and_has_no_cost(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 5_000)
        call = ledger.call(db, ledger.open_call(db, Opening("p", "m", False, 3_000, "me", TENANT)))
        assert (call.state, call.cost_nano) == ("open", None)
        assert budgets.all(db)[0].reserved_nano == 3_000
        assert usage.today(db).unpriced == 0


def test_a_refused_reservation_leaves_no_call(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 10)
        with pytest.raises(Problem):
            ledger.open_call(db, Opening("p", "m", False, 11, "me", TENANT))
        assert ledger.calls(db).items == []


def test_a_call_written_as_ended_is_like_one_that_was_open_first(world: World) -> None:
    def written(call_id: str) -> dict[str, object]:
        row = db.rows("SELECT * FROM calls WHERE id = :id", {"id": call_id})[0]
        return {name: value for name, value in row.items() if name != "id"}

    with world.db() as db, clock.frozen(clock.now()):
        task = tasks.create(db, SYSTEM, NewTask("Sort it", labels=["triage"]))
        opening = Opening("p", "m", True, 1_000, "me", TENANT, task_id=task.id, step_key="model", session_id="r")
        tried = [Attempt("p", "m", failure_code="stream_cut", cost_nano=30, cost_source="estimated", output_total=3)]
        tried.append(Attempt("p", "m", cost_nano=70, cost_source="simulated", input_total=9, first_byte_ms=2))
        call_id, ended = ledger.open_call(db, opening), Ended(ids.new(), tried)
        with db.transaction():
            assert ledger.settle(db, call_id, tried) == ledger.enter_ended(db, opening, ended) == 100
        assert written(call_id) == written(ended.call_id)
        assert written(call_id)["task_kind"] == "triage"
        assert len(ledger.attempts(db, ended.call_id)) == 2


def test_every_attempt_is_paid_for(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 5_000)
        call_id = ledger.open_call(db, Opening("p", "m", False, 1_000, "me", TENANT))
        cut = Attempt("p", "m", failure_code="stream_cut", cost_nano=30, cost_source="estimated", output_total=3)
        answered = Attempt("p", "m", cost_nano=70, cost_source="catalogue", input_total=9, output_total=7)
        with db.transaction():
            assert ledger.settle(db, call_id, [cut, answered]) == 100
        call = ledger.call(db, call_id)
        assert (call.state, call.attempts, call.cost_nano, call.output_total) == ("ok", 2, 100, 10)
        assert [a.failure_code for a in ledger.attempts(db, call_id)] == ["stream_cut", ""]
        assert budgets.all(db)[0].spent_nano == 100


def test_an_unpriced_call_is_not_a_free_one(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 5_000)
        unpriced, free = book(db, Spent(None)), book(db, Spent(0))
        assert ledger.call(db, unpriced).cost_nano is None
        assert ledger.call(db, free).cost_nano == 0
        assert usage.today(db).unpriced == 1
        assert budgets.all(db)[0].spent_nano == 1_000, "the budget counts the estimate that was reserved"


def test_calls_of_a_process_that_is_gone_count_as_estimated(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 5_000)
        dead = ledger.open_call(db, Opening("p", "m", False, 2_000, "dead", TENANT))
        alive = ledger.open_call(db, Opening("p", "m", False, 1_000, "alive", TENANT))
        assert ledger.settle_lost(db, ["dead"]) == 1
        lost = ledger.call(db, dead)
        assert (lost.state, lost.failure_code, lost.cost_nano) == ("lost", "process_gone", 2_000)
        assert ledger.attempts(db, dead)[0].cost_source == "estimated"
        assert ledger.call(db, alive).state == "open"
        used = budgets.all(db)[0]
        assert (used.spent_nano, used.reserved_nano) == (2_000, 1_000)
        assert usage.today(db).cost_nano == 2_000
        assert ledger.settle_lost(db, ["dead"]) == 0


def test_a_call_taken_for_lost_is_booked_once_whoever_comes_back(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 5_000)
        call = ledger.open_call(db, Opening("p", "m", False, 2_000, "stalled", TENANT))
        assert ledger.settle_lost(db, ["stalled"]) == 1
        with db.transaction():
            assert ledger.settle(db, call, [Attempt("p", "m", cost_nano=700)]) == 0
        ledger.give_up(db, call, [])
        assert (ledger.call(db, call).state, ledger.call(db, call).cost_nano) == ("lost", 2_000)
        assert budgets.all(db)[0].spent_nano == 2_000
        assert len(ledger.attempts(db, call)) == 1


def test_calls_are_paged_newest_first(world: World) -> None:
    with world.db() as db:
        made = [book(db, Spent(n)) for n in range(7)]
        seen, cursor = [], ""
        while cursor is not None:
            page = ledger.calls(db, limit=3, cursor=cursor)
            seen += [call.id for call in page.items]
            cursor = page.next_cursor
        assert seen == made[::-1]


def test_calls_can_be_narrowed(world: World) -> None:
    with world.db() as db:
        wanted = book(db, Spent(1, model="a", agent_id="x"))
        book(db, Spent(1, model="b", agent_id="x"))
        assert [call.id for call in ledger.calls(db, only=CallFilter(agent_id="x", model="a")).items] == [wanted]


def test_every_call_is_read_once_however_many_there_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_lists, "BATCH", 3)
    with world.db() as db:
        made = [book(db, Spent(n)) for n in range(10)]
        day = ledger.call(db, made[0]).day
        assert [call.id for call in ledger.every(db, day, day)] == made


@pytest.mark.parametrize(
    ("attempt", "labels"),
    [
        (Attempt("p", "m", input_total=1000, output_total=100, cost_nano=4_500_000), ["Input", "Output"]),
        (
            Attempt("p", "m", input_total=1000, cache_read=900, output_total=0, cost_nano=570_000),
            ["Input", "Input from the cache"],
        ),
        (
            Attempt(
                "p",
                "m",
                input_total=1000,
                cache_write_5m=500,
                cache_write_5m_nano_mtok=3_750_000_000,
                cost_nano=3_375_000,
            ),
            ["Input", "Input written to the cache for 5 minutes"],
        ),
    ],
)
def test_the_parts_of_a_cost_add_up_to_it(attempt: Attempt, labels: list[str]) -> None:
    units = {"input_nano_mtok": 3_000_000_000, "output_nano_mtok": 15_000_000_000, "cache_read_nano_mtok": 300_000_000}
    parts = ledger.parts(msgspec.structs.replace(attempt, **units))
    assert [part.label for part in parts] == labels
    assert sum(part.cost_nano for part in parts) == attempt.cost_nano


def test_a_cost_without_unit_prices_has_no_parts() -> None:
    assert ledger.parts(Attempt("p", "m", cost_nano=5, cost_source="reported")) == []
    assert ledger.parts(Attempt("p", "m", cost_nano=None, input_nano_mtok=1)) == []


def test_mistake_23_ten_thousand_small_calls_add_up_and_models_are_booked_apart(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 5 * budgets.NANO)
        call_id = ledger.open_call(db, Opening("p", "m", False, 1_000, "me", TENANT))
        with db.transaction():
            ledger.settle(db, call_id, [Attempt("p", "m", cost_nano=40_000)] * 10_000)
        assert budgets.all(db)[0].spent_nano == 400_000_000
        book(db, Spent(25, model="a"))
        book(db, Spent(1, model="b"))
        day = ledger.call(db, call_id).day
        assert {line.key: line.cost_nano for line in usage.breakdown(db, "model", day, day)} == {
            "m": 400_000_000,
            "a": 25,
            "b": 1,
        }
