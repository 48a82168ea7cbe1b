"""The desk: what it admits and holds, what it refuses and why, and what it books."""

import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from appliance.calls import desk as desks
from appliance.calls.asked import Asked, Holder
from appliance.calls.desk import BATCH
from appliance.domain import agents, approvals, budgets, keys, ledger, limits, providers, spent, stops, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.budget_forms import BudgetChange
from appliance.domain.budgets import NANO, Terms
from appliance.domain.key_forms import NewKey
from appliance.domain.provider_forms import ModelPrice, NewProvider, ProviderChange
from appliance.domain.stops import NewStop
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.desking import PRICES, TOKEN, Counter, counter
from tests.world import World


@pytest.fixture
def desk(world: World) -> Iterator[Counter]:
    with counter(world) as opened:
        budgets.put(opened.db, SYSTEM, "tenant", "", "month", NANO)
        yield opened


def test_a_call_is_open_with_its_money_held_before_it_is_sent_and_costs_what_it_cost(desk: Counter) -> None:
    admitted = desk.admitted(10, session_id="s-1", stream=True)
    call = ledger.call(desk.db, admitted.call_id)
    assert (call.state, call.surface, call.key_id, call.session_id, call.streamed) == (
        "open",
        "chat",
        desk.key.id,
        "s-1",
        True,
    )
    assert call.estimate_nano == admitted.reserved_nano == 11 * TOKEN
    assert budgets.all(desk.db)[0].reserved_nano == 11 * TOKEN
    assert desk.settle(admitted, 7 * TOKEN) == 7 * TOKEN
    [budget] = budgets.all(desk.db)
    assert (budget.spent_nano, budget.reserved_nano) == (7 * TOKEN, 0)
    assert ledger.call(desk.db, admitted.call_id).state == "ok"


def test_a_call_counts_on_everything_at_once(desk: Counter) -> None:
    ada = agents.create(desk.db, SYSTEM, NewAgent("ada", "Ada", "Work.", "big"))
    task = tasks.create(desk.db, SYSTEM, NewTask("Top"))
    below = tasks.create(desk.db, SYSTEM, NewTask("Below", parent_id=task.id))
    desk.db.update("tasks", {"id": task.id}, project="web")
    admitted = desk.admitted(agent=ada.slug, task=str(below.number), session_id="s-1")
    desk.settle(admitted, 5)
    counted = {"tenant": "", "provider": desk.account.id, "model": "big", "key": desk.key.id, "session": "s-1"}
    counted |= {"agent": ada.id, "project": "web"}
    for scope, scope_id in (*counted.items(), ("task", task.id), ("task", below.id)):
        for span in ("hour", "day", "week", "month", "lifetime", "5h", "24h", "7d", "30d"):
            assert spent.of(desk.db, scope, scope_id, span) == 5, (scope, span)
    assert tasks.get(desk.db, below.id).cost_nano == 5


@pytest.mark.parametrize("scope", ["tenant", "key", "provider", "model", "session"])
def test_the_tightest_budget_binds_whatever_it_is_set_on(desk: Counter, scope: str) -> None:
    on = {"tenant": "", "key": desk.key.id, "provider": desk.account.id, "model": "big", "session": "s-1"}
    budgets.put(desk.db, SYSTEM, scope, on[scope], "5h", 10 * TOKEN)
    refused = desk.refusal(10, session_id="s-1")
    assert (refused.reason, refused.retry_after_s) == ("budget", None)
    assert "in any 5 hours" in refused.message
    assert desk.admitted(9, session_id="s-1").reserved_nano == 10 * TOKEN


def test_a_refused_call_leaves_nothing_behind_and_takes_no_other_down(desk: Counter) -> None:
    budgets.put(desk.db, SYSTEM, "session", "poor", "lifetime", 0)
    with desk.db.transaction():
        # The desk waits for its turn to write: these four are done together.
        waiting = [desk.ask(session_id=name) for name in ("a", "poor", "b", "poor")]
    went = [future.exception(20) is None for future in waiting]
    assert went == [True, False, True, False]
    assert desk.db.value("SELECT COUNT(*) AS n FROM calls") == 2
    assert budgets.all(desk.db)[0].reserved_nano == 2 * 2 * TOKEN


def test_what_breaks_one_call_breaks_no_other(desk: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ledger.settle_all

    def breaks(db: Any, endings: Any) -> dict[str, int]:
        if any(ended.failure_code == "odd" for ended in endings):
            raise Problem("disk_full")
        return whole(db, endings)

    good, bad = desk.admitted(), desk.admitted()
    monkeypatch.setattr(ledger, "settle_all", breaks)
    with desk.db.transaction():
        first = desk.ended(good, 3)
        second = desk.desk.settle(desk.world.acme.id, ledger.Ended(bad.call_id, [], "odd"))
        third = desk.ask()
    assert first.result(20) == 3
    assert third.result(20).reserved_nano
    assert isinstance(second.exception(20), Problem)
    monkeypatch.undo()
    # What could not be booked then is booked with the tenant's next call.
    desk.admitted()
    assert ledger.call(desk.db, bad.call_id).state == "failed"


def test_a_model_without_a_price_is_never_called(desk: Counter) -> None:
    providers.change(desk.db, SYSTEM, desk.world.vault, desk.account.id, ProviderChange(models=["big", "odd-one"]))
    refused = desk.refusal(model="odd-one")
    assert refused.reason == "model"
    assert "price of odd-one" in refused.message
    assert desk.refusal(model="nobody-serves-this").reason == "model"


def test_a_new_price_holds_from_the_next_call_on(desk: Counter) -> None:
    assert desk.admitted(9).reserved_nano == 10 * TOKEN
    dear = ProviderChange(prices={"big": ModelPrice(2, 2)})
    providers.change(desk.db, SYSTEM, desk.world.vault, desk.account.id, dear)
    assert desk.admitted(9).reserved_nano == 20 * TOKEN


def test_a_longer_answer_holds_more_as_long_as_there_is_room(desk: Counter) -> None:
    budgets.put(desk.db, SYSTEM, "key", desk.key.id, "lifetime", 30 * TOKEN)
    admitted = desk.admitted(9)
    assert desk.desk.extend(desk.world.acme.id, admitted.call_id, 15 * TOKEN).result(20) == 15 * TOKEN
    assert {b.reserved_nano for b in budgets.all(desk.db)} == {25 * TOKEN}
    # The last of it is used before an answer is cut, so that nothing is left for whoever sends it again at once.
    assert desk.desk.extend(desk.world.acme.id, admitted.call_id, 15 * TOKEN).result(20) == 5 * TOKEN
    more = desk.desk.extend(desk.world.acme.id, admitted.call_id, 15 * TOKEN).exception(20)
    assert more is not None
    assert {b.reserved_nano for b in budgets.all(desk.db)} == {30 * TOKEN}


def test_a_key_with_a_budget_of_its_own_needs_no_other(world: World) -> None:
    with counter(world) as desk:
        assert "No budget covers this work" in desk.refusal().message
        own = desk.new_key(budget_usd="100")
        admitted = desk.admitted(9, key=own)
        assert [(b.scope, b.scope_id, b.reserved_nano) for b in budgets.all(desk.db)] == [("key", own.id, 10 * TOKEN)]
        desk.settle(admitted, 7 * TOKEN)
        assert [(b.limit_nano, b.spent_nano) for b in budgets.all(desk.db)] == [(100 * NANO, 7 * TOKEN)]
        # It covers its own key, and nobody else's.
        assert "No budget covers this work" in desk.refusal().message


def test_a_strict_budget_holds_the_whole_cap(desk: Counter) -> None:
    assert desk.admitted(20_000).strict is False
    budgets.put(desk.db, SYSTEM, "key", desk.key.id, "lifetime", NANO, Terms(strict=True))
    admitted = desk.admitted(20_000)
    assert (admitted.strict, admitted.reserved_nano) == (True, 20_001 * TOKEN)


def test_what_tools_usually_get_is_held_not_what_they_could_ask_for(desk: Counter) -> None:
    assert desk.admitted(64_000).reserved_nano == 4_001 * TOKEN
    other = desk.new_key()
    for length in [1_500] * 19 + [30_000]:
        desk.settle(desk.admitted(1, key=other), 5, output_total=length)
    assert desk.admitted(64_000, key=other).reserved_nano == 1_501 * TOKEN
    assert desk.admitted(200, key=other).reserved_nano == 201 * TOKEN


def test_a_session_that_goes_on_is_counted_by_what_it_sent_before(desk: Counter) -> None:
    first = desk.admitted(1, session_id="s-1", input_bytes=3_200)
    assert first.reserved_nano == 1_002 * TOKEN
    desk.settle(first, 5, input_total=400)
    assert desk.admitted(1, session_id="s-1", input_bytes=3_520).reserved_nano == 501 * TOKEN
    assert desk.admitted(1, session_id="s-2", input_bytes=3_520).reserved_nano == 1_102 * TOKEN


def test_a_budget_that_steps_down_names_a_cheaper_model_and_stops_at_its_limit(desk: Counter) -> None:
    down = Terms("downgrade", "small")
    budgets.put(desk.db, SYSTEM, "key", desk.key.id, "lifetime", 1_000 * TOKEN, down)
    assert desk.admitted(9).targets[0].model == "big"
    desk.settle(desk.admitted(9), 790 * TOKEN)
    admitted = desk.admitted(9)
    assert (admitted.targets[0].model, admitted.reserved_nano) == ("small", TOKEN)
    assert ledger.call(desk.db, admitted.call_id).asked_model == "big"
    desk.settle(admitted, 200 * TOKEN)
    assert desk.refusal(999).reason == "budget"


@pytest.mark.parametrize(("action", "asked"), [("pause", 1), ("block", 0)])
def test_a_person_is_asked_once_unless_the_budget_only_blocks(desk: Counter, action: str, asked: int) -> None:
    budgets.put(desk.db, SYSTEM, "key", desk.key.id, "month", 5 * TOKEN, Terms(action))
    for _ in range(3):
        assert desk.refusal(9).reason == "budget"
    found = approvals.listing(desk.db, state="pending").items
    assert len(found) == asked
    # The sweeper looks for questions behind which no run waits; this one is a tool's.
    limits.waits.release_budget(desk.db, SYSTEM)
    assert len(approvals.listing(desk.db, state="pending").items) == asked
    [budget] = budgets.of(desk.db, "key", desk.key.id)
    limits.change(desk.db, SYSTEM, budget.id, BudgetChange("1"))
    assert approvals.listing(desk.db, state="pending").items == []
    assert desk.admitted(9).reserved_nano == 10 * TOKEN


def test_money_without_any_budget_is_not_spent(desk: Counter) -> None:
    budgets.put(desk.db, SYSTEM, "tenant", "", "month", None)
    assert "No budget covers this work" in desk.refusal().message


@pytest.mark.parametrize("scope", ["tenant", "key", "provider", "model"])
def test_the_kill_switch_refuses_what_comes_and_ends_what_is_under_way(desk: Counter, scope: str) -> None:
    admitted = desk.admitted()
    assert desk.desk.stopped(admitted.call_id) is None
    on = {"tenant": "", "key": desk.key.id, "provider": "Lab", "model": "big"}
    stop = stops.put(desk.db, SYSTEM, NewStop(scope, on[scope], "it costs too much"))
    refused = desk.refusal()
    assert refused.reason == "paused"
    assert "it costs too much" in refused.message
    # The desk has answered a later call: it has looked at the switch.
    under_way = desk.desk.stopped(admitted.call_id)
    assert under_way is not None
    assert under_way.reason == "paused"
    stops.release(desk.db, SYSTEM, stop.scope, stop.scope_id)
    assert desk.admitted().call_id


def test_a_stop_is_seen_at_once_without_another_call(desk: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    admitted, seen = desk.admitted(), threading.Event()
    mark = desk.desk._mark

    def marked(*given: Any) -> None:
        mark(*given)
        seen.set()

    monkeypatch.setattr(desk.desk, "_mark", marked)
    stops.put(desk.db, SYSTEM, NewStop("key", desk.key.id))
    assert seen.wait(1)
    assert desk.desk.stopped(admitted.call_id)


def test_a_key_may_use_only_its_models(desk: Counter) -> None:
    key = msgspec.structs.replace(desk.key, models=("sm*",))
    assert desk.admitted(model="small", key=key).targets[0].model == "small"
    assert desk.admitted(model="Lab/small", key=key).targets[0].model == "small"
    refused = desk.refusal(model="big", key=key)
    assert (refused.reason, "It may use sm*" in refused.message) == ("model", True)


def test_claims_of_a_tool_never_go_beyond_its_key(desk: Counter) -> None:
    ada, bo = (agents.create(desk.db, SYSTEM, NewAgent(name, name, "Work.", "big")) for name in ("ada", "bo"))
    task = tasks.create(desk.db, SYSTEM, NewTask("Of Bo", assignee="bo"))
    key = msgspec.structs.replace(desk.key, agent_id=ada.id, project="web")
    admitted = desk.admitted(key=key, agent=bo.slug, task=str(task.number))
    call = ledger.call(desk.db, admitted.call_id)
    assert (call.agent_id, call.task_id, call.project) == (ada.id, None, "web")


def test_a_call_of_a_dead_process_counts_as_estimated(desk: Counter) -> None:
    admitted = desk.admitted(10)
    assert ledger.settle_lost(desk.db, {"desk"}) == 1
    [budget] = budgets.all(desk.db)
    assert (budget.spent_nano, budget.reserved_nano) == (admitted.reserved_nano, 0)
    # The process was only slow: what it books now does not come on top.
    assert desk.settle(admitted, 5) == 0
    assert budgets.all(desk.db)[0].spent_nano == admitted.reserved_nano


def test_what_waits_when_the_desk_closes_is_still_done(desk: Counter) -> None:
    admitted = [desk.admitted(session_id=f"s-{n}") for n in range(100)]
    ends = [desk.ended(one, TOKEN) for one in admitted]
    desk.desk.close()
    assert [end.result(0) for end in ends] == [TOKEN] * 100
    assert budgets.all(desk.db)[0].reserved_nano == 0


def test_what_has_ended_makes_room_for_what_is_asked_next(desk: Counter) -> None:
    budgets.put(desk.db, SYSTEM, "key", desk.key.id, "lifetime", 10 * TOKEN)
    for _ in range(3):
        desk.ended(desk.admitted(9), 0)
    assert isinstance(desk.ended(desk.admitted(9), TOKEN).result(20), int)
    assert desk.refusal(9).reason == "budget"


def test_more_calls_than_a_batch_may_end_at_once_before_a_wish(desk: Counter) -> None:
    admitted = [ask.result(20) for ask in [desk.ask() for _ in range(BATCH + 6)]]
    with desk.db.transaction():
        ends = [desk.ended(one, 3) for one in admitted]
        wish = desk.ask()
    assert [end.result(20) for end in ends] == [3] * len(admitted)
    assert wish.result(20).reserved_nano
    assert spent.of(desk.db, "tenant", "", "lifetime") == 3 * len(admitted)
    assert desk.db.value("SELECT COUNT(DISTINCT call_id) AS n FROM reservations") == 1


def test_a_desk_that_is_closed_says_so_and_keeps_nobody_waiting(desk: Counter) -> None:
    last = desk.ended(desk.admitted(), 3)
    desk.desk.close()
    assert last.result(0) == 3
    with pytest.raises(RuntimeError, match="closed"):
        desk.ask()


def test_nothing_remembered_holds_for_a_database_that_was_put_back(desk: Counter) -> None:
    before = desk.db.value("SELECT MAX(seq) AS seq FROM events")
    stops.put(desk.db, SYSTEM, NewStop("key", desk.key.id))
    assert desk.refusal().reason == "paused"
    # As of a backup from before the stop: neither it nor its event is there.
    desk.db.execute("DELETE FROM stops")
    desk.db.execute("DELETE FROM events WHERE seq > :seq", {"seq": before})
    assert desk.admitted().call_id


def test_what_has_ended_is_booked_in_the_transaction_that_admits_what_is_asked_next(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks, "LINGER_S", 60.0)
    open_then: list[int] = []

    def hear(tenant_id: str, notes: list[Any]) -> None:
        with desk.world.db() as other:
            open_then.append(other.value("SELECT COUNT(*) AS n FROM calls WHERE state = 'open'"))

    first = desk.admitted()
    desk.world.catalogue.attend(hear)
    end = desk.ended(first, 3)
    desk.admitted()
    assert (end.result(20), open_then) == (3, [1])


def test_what_has_ended_waits_for_its_own_tenant_and_stands_in_nobody_elses_way(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks, "LINGER_S", 60.0)
    world, globex = desk.world, desk.world.globex
    with world.db(globex) as db, world.control() as control:
        providers.add(
            db, SYSTEM, world.vault, NewProvider("Lab", "openai-compatible", "http://127.0.0.1:9", "", ["big"], PRICES)
        )
        budgets.put(db, SYSTEM, "tenant", "", "month", NANO)
        holder = Holder(globex.id, keys.create(control, SYSTEM, globex.id, NewKey("Tool")))
    end = desk.ended(desk.admitted(), 3)
    assert desk.desk.admit(holder, Asked("chat", "big", 1, output_cap=1)).result(20).reserved_nano
    assert not end.done()
    desk.admitted()
    assert end.result(20) == 3


def test_a_call_that_has_ended_is_booked_though_nobody_asks(desk: Counter) -> None:
    assert desk.ended(desk.admitted(), 3).result(20) == 3
