"""Our own agents on a route: what goes on at the next target, what is booked, and what ends the call."""

from collections.abc import Iterator

import pytest

from appliance.calls import Caller, Calls, Outcome
from appliance.db.database import Database
from appliance.domain import budgets, ledger, providers, routes
from appliance.domain.actor import SYSTEM
from appliance.domain.provider_forms import ModelPrice, NewProvider
from appliance.domain.route_forms import NewRoute, NewTarget
from appliance.errors import Problem
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.types import ChatRequest, Message
from tests.gateway.scripted import Answer, ScriptedServer, http, serve, sse
from tests.world import World

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}
Wires = tuple[ScriptedServer, ScriptedServer]
NO = {"error": {"message": "no"}}
# One is at 1 dollar a million tokens, Two at 2.
COST = {"One": 1_100_000, "Two": 2_200_000}


@pytest.fixture
def wires() -> Iterator[Wires]:
    scripts = ScriptedServer(), ScriptedServer()
    servers = [serve(script) for script in scripts]
    yield scripts
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def db(world: World, wires: Wires) -> Iterator[Database]:
    with world.db() as db:
        for n, (name, wire) in enumerate(zip(("One", "Two"), wires, strict=True), 1):
            price = {"m": ModelPrice(n, n)}
            new = NewProvider(name, "openai-compatible", wire.url, f"sk-{name}-0123456789", ["m"], price)
            providers.add(db, SYSTEM, world.vault, new)
        routes.create(db, SYSTEM, NewRoute("house", [NewTarget("One", "m"), NewTarget("Two", "m")]))
        budgets.put(db, SYSTEM, "tenant", "", "month", budgets.NANO)
        yield db


@pytest.fixture
def calls(world: World) -> Calls:
    made = Calls(world.vault, world.calls._gateway, "test", timeout_s=2)
    # Pauses between tries end at once.
    made.stopping.set()
    return made


def answer(text: str = "Hi.") -> Answer:
    delta = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}], "model": "m"}
    return sse(delta, {"choices": [], "usage": USAGE, "model": "m"}, "[DONE]")


def make(calls: Calls, db: Database, model: str = "house", run_id: str | None = None) -> Outcome:
    request = ChatRequest(model, (Message("user", "hello"),))
    return calls.make(db, Caller(run_id=run_id), request, lambda outcome: None, lambda *lost: None)


def booked(db: Database) -> list[tuple[str, str, int | None]]:
    """The attempts of the only call: account, failure and cost."""
    (call,) = ledger.calls(db).items
    names = {p.id: p.name for p in providers.all(db)}
    return [(names[a.provider_id], a.failure_code, a.cost_nano) for a in ledger.attempts(db, call.id)]


def test_the_first_target_answers_and_nobody_else_is_asked(db: Database, calls: Calls, wires: Wires) -> None:
    wires[0].will(answer())
    assert make(calls, db).cost_nano == COST["One"]
    assert booked(db) == [("One", "", COST["One"])] and wires[1].received == []
    (call,) = ledger.calls(db).items
    row = db.one("SELECT asked_model, protocol, model FROM calls")
    assert row == {"asked_model": "house", "protocol": "chat", "model": "m"}
    kept = routes.decision(db, call.id)
    assert kept and kept.optimal and not kept.fell_back


@pytest.mark.parametrize("status", [401, 402, 403, 429, 503, 529])
def test_a_call_goes_on_at_the_next_target_and_both_attempts_are_booked(
    db: Database, calls: Calls, wires: Wires, status: int
) -> None:
    wires[0].will(http(status, NO, Retry_After="9"))
    wires[1].will(answer("From two."))
    outcome = make(calls, db)
    assert (outcome.reply.content, outcome.attempts, outcome.cost_nano) == ("From two.", 2, COST["Two"])
    tried = [(name, bool(code), cost) for name, code, cost in booked(db)]
    assert tried == [("One", True, 0), ("Two", False, COST["Two"])]
    (call,) = ledger.calls(db).items
    assert (call.state, call.provider_name, call.cost_nano) == ("ok", "Two", COST["Two"])
    kept = routes.decision(db, call.id)
    assert kept and (kept.fell_back, kept.optimal, kept.nano_estimate) == (True, False, 2 * (kept.best_nano or 0))
    assert budgets.all(db)[0].reserved_nano == 0 and budgets.all(db)[0].spent_nano == COST["Two"]


def test_a_refused_key_takes_the_account_out_for_the_calls_after(db: Database, calls: Calls, wires: Wires) -> None:
    wires[0].will(http(401, {"error": {"message": "Wrong sk-One-0123456789"}}))
    wires[1].will(answer(), answer())
    make(calls, db)
    make(calls, db)
    assert (len(wires[0].received), len(wires[1].received)) == (1, 2)
    assert providers.get(db, "One").out_reason == "The provider refused the key. Wrong [secret]."


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_wrong_request_is_not_tried_elsewhere(db: Database, calls: Calls, wires: Wires, status: int) -> None:
    wires[0].will(http(status, NO))
    with pytest.raises(ProviderFailure) as failed:
        make(calls, db)
    assert failed.value.status == status and wires[1].received == []


def test_an_answer_that_breaks_off_is_not_begun_anew_elsewhere(db: Database, calls: Calls, wires: Wires) -> None:
    wires[0].will(sse({"choices": [{"index": 0, "delta": {"content": "half"}}]}, whole=False))
    with pytest.raises(ProviderFailure) as failed:
        make(calls, db)
    assert failed.value.code == "stream_cut" and wires[1].received == []


def test_when_all_fail_the_last_failure_is_told_and_nothing_is_held(db: Database, calls: Calls, wires: Wires) -> None:
    wires[0].will(http(429, NO, Retry_After="9"))
    wires[1].will(http(503, NO, Retry_After="30"))
    with pytest.raises(ProviderFailure) as failed:
        make(calls, db)
    assert (failed.value.code, failed.value.retry_after) == ("provider_overloaded", 30)
    assert [code for _, code, _ in booked(db)] == ["provider_rate_limited", "provider_overloaded"]
    assert budgets.all(db)[0].reserved_nano == 0


def test_money_moves_to_the_account_the_call_goes_on_at(db: Database, calls: Calls, wires: Wires) -> None:
    for name in ("One", "Two"):
        budgets.put(db, SYSTEM, "provider", providers.get(db, name).id, "month", budgets.NANO)
    wires[0].will(http(401, NO))
    wires[1].will(answer())
    make(calls, db)
    spent = {b.scope_name: (b.spent_nano, b.reserved_nano) for b in budgets.all(db) if b.scope == "provider"}
    assert spent == {"One": (0, 0), "Two": (COST["Two"], 0)}


def test_a_target_whose_account_has_no_budget_left_is_not_gone_on_to(db: Database, calls: Calls, wires: Wires) -> None:
    budgets.put(db, SYSTEM, "provider", providers.get(db, "Two").id, "month", 1)
    wires[0].will(http(401, NO))
    with pytest.raises(ProviderFailure) as failed:
        make(calls, db)
    assert failed.value.code == "provider_auth" and wires[1].received == []
    assert all(budget.reserved_nano == 0 for budget in budgets.all(db))


def test_a_run_is_a_session(db: Database, calls: Calls, wires: Wires) -> None:
    routes.put(db, SYSTEM, NewRoute("house", [NewTarget("One", "m"), NewTarget("Two", "m")], "cheapest"))
    wires[0].will(http(529, NO, Retry_After="9"))
    wires[1].will(answer(), answer())
    make(calls, db, run_id="run-1")
    assert make(calls, db, run_id="run-1").cost_nano == COST["Two"]
    wires[0].will(answer())
    assert make(calls, db, run_id="run-2").cost_nano == COST["One"]


def test_a_plain_model_goes_on_at_the_next_account_that_serves_it(db: Database, calls: Calls, wires: Wires) -> None:
    wires[0].will(http(401, NO))
    wires[1].will(answer())
    assert make(calls, db, "m").cost_nano == COST["Two"]


def test_a_route_mixes_protocols(world: World, db: Database, calls: Calls, wires: Wires) -> None:
    providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
    routes.put(db, SYSTEM, NewRoute("house", [NewTarget("One", "m"), NewTarget("Sim", "sim-standard")]))
    wires[0].will(http(401, NO))
    outcome = make(calls, db)
    assert outcome.reply.content and [name for name, _, _ in booked(db)] == ["One", "Sim"]


def test_nothing_is_sent_when_a_route_has_nowhere_to_go(db: Database, calls: Calls) -> None:
    for name in ("One", "Two"):
        routes.take_out(db, providers.get(db, name).id, "The provider refused the key.")
    with pytest.raises(Problem, match="The route house has nowhere to send this: One/m is out"):
        make(calls, db)
    assert ledger.calls(db).items == []


def test_a_simulated_account_that_fails_as_told_stays_in(world: World, db: Database, calls: Calls) -> None:
    providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
    request = ChatRequest("simulated", (Message("user", "sim: fail 401"),))
    with pytest.raises(ProviderFailure):
        calls.make(db, Caller(), request, lambda outcome: None, lambda *lost: None)
    assert providers.get(db, "Sim").out_at is None
