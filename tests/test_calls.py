"""One call from reservation to ledger, against the simulated provider and a server that answers what it is told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from appliance.calls import Caller, Calls, Outcome
from appliance.db.database import Database
from appliance.domain import budgets, ledger, preferences, providers, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.ledger import Call
from appliance.domain.provider_forms import ModelPrice, NewProvider
from appliance.domain.scopes import SCOPES
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.types import ChatRequest, Message
from tests.gateway.scripted import Answer, ScriptedServer, http, serve, sse
from tests.world import World

PRICE = {"lab-7b": ModelPrice(0.5, 1.5, 0.1)}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 200, "prompt_tokens_details": {"cached_tokens": 400}}
COST = 600 * 500 + 400 * 100 + 200 * 1500


@pytest.fixture
def wire() -> Iterator[ScriptedServer]:
    script = ScriptedServer()
    server = serve(script)
    yield script
    server.shutdown()
    server.server_close()


@pytest.fixture
def calls(world: World) -> Calls:
    """Gives up soon, so that a silent provider costs the test little."""
    made = Calls(world.vault, world.calls._gateway, "test", timeout_s=0.3)
    # The pauses between the tries of one call end at once; the tests of pauses clear this.
    made.stopping.set()
    return made


def lab(db: Database, world: World, wire: ScriptedServer, priced: bool = True) -> None:
    new = NewProvider("Lab", "openai-compatible", wire.url, "sk-lab-0123456789", ["lab-7b"], PRICE if priced else {})
    providers.add(db, SYSTEM, world.vault, new)
    budgets.put(db, SYSTEM, "tenant", "", "month", budgets.NANO)


def ask(text: str = "hello", model: str = "lab-7b") -> ChatRequest:
    return ChatRequest(model, (Message("user", text),))


def make(calls: Calls, db: Database, request: ChatRequest, caller: Caller | None = None) -> Outcome:
    return calls.make(db, caller or Caller(), request, lambda outcome: None, lambda *lost: None)


def answer(text: str = "Hi.") -> Answer:
    delta = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], "model": "lab-7b"}
    stop = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "model": "lab-7b"}
    return sse(delta, stop, {"choices": [], "usage": USAGE, "model": "lab-7b"}, "[DONE]")


def only(db: Database) -> Call:
    (call,) = ledger.calls(db).items
    return call


def nothing_held(db: Database) -> bool:
    return budgets.all(db)[0].reserved_nano == 0


def test_the_cost_is_usage_times_price_and_is_on_every_surface(
    world: World, calls: Calls, wire: ScriptedServer
) -> None:
    with world.db() as db:
        lab(db, world, wire)
        wire.will(answer())
        outcome = make(calls, db, ask())
        assert (outcome.reply.content, outcome.cost_nano, outcome.attempts) == ("Hi.", COST, 1)
        call = only(db)
        assert (call.state, call.cost_nano, call.input_total, call.cache_read) == ("ok", COST, 1000, 400)
        (attempt,) = ledger.attempts(db, call.id)
        assert (attempt.cost_source, attempt.input_nano_mtok, attempt.cache_read_nano_mtok) == (
            "override",
            500_000_000,
            100_000_000,
        )
        assert sum(part.cost_nano for part in ledger.parts(attempt)) == COST
        assert budgets.all(db)[0].spent_nano == COST and nothing_held(db)


def test_the_simulated_provider_is_priced_and_marked(world: World, calls: Calls) -> None:
    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        said = "sim: usage in=12 out=3 cache_read=300\nsim: say done"
        outcome = make(calls, db, ask(said, "sim-standard"))
        assert outcome.reply.content == "done"
        assert outcome.cost_nano == 12 * 3_000 + 300 * 300 + 3 * 15_000
        assert only(db).simulated


def test_the_price_is_booked_when_what_the_caller_records_fails(world: World, calls: Calls) -> None:
    def broken(outcome: Outcome) -> None:
        preferences.put(db, SYSTEM, "half", "done")
        raise Problem("conflict", "The run is gone.")

    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        budgets.put(db, SYSTEM, "tenant", "", "month", budgets.NANO)
        with pytest.raises(Problem, match="The run is gone"):
            calls.make(db, Caller(), ask("sim: latency 1ms", "simulated"), broken, lambda *lost: None)
        call = only(db)
        assert call.state == "ok" and (call.cost_nano or 0) > 0
        assert len(ledger.attempts(db, call.id)) == 1
        assert budgets.all(db)[0].spent_nano == call.cost_nano and nothing_held(db)
        assert preferences.get(db, "half") is None


def test_a_price_that_a_full_disk_kept_out_is_booked_with_the_next_call(
    world: World, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> int:
        raise Problem("disk_full")

    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        budgets.put(db, SYSTEM, "tenant", "", "month", budgets.NANO)
        with monkeypatch.context() as patched:
            patched.setattr(ledger, "settle", full)
            with pytest.raises(Problem, match="disk is full"):
                make(calls, db, ask("sim: latency 1ms", "simulated"))
        assert only(db).state == "open" and not nothing_held(db)
        make(calls, db, ask(model="simulated"))
        assert {call.state for call in ledger.calls(db).items} == {"ok"} and nothing_held(db)
        assert budgets.all(db)[0].spent_nano == sum(call.cost_nano or 0 for call in ledger.calls(db).items)


def test_a_subscriber_that_fails_after_the_commit_harms_nobody(world: World, calls: Calls) -> None:
    heard: list[str] = []

    def broken(tenant: str, events: object) -> None:
        raise RuntimeError("nobody listens")

    world.catalogue.subscribe(broken)
    world.catalogue.subscribe(lambda tenant, events: heard.append(tenant))
    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        assert make(calls, db, ask(model="simulated")).cost_nano == only(db).cost_nano
    assert heard


def test_mistake_20_work_for_money_that_no_budget_covers_is_never_sent(
    world: World, calls: Calls, wire: ScriptedServer
) -> None:
    with world.db() as db:
        lab(db, world, wire)
        budgets.put(db, SYSTEM, "tenant", "", "month", None)
        with pytest.raises(Problem, match="No budget covers this work") as refused:
            make(calls, db, ask())
        assert refused.value.code == "budget_exceeded" and wire.received == []
        preferences.put(db, SYSTEM, "uncapped", True)
        wire.will(answer())
        assert make(calls, db, ask()).cost_nano == COST


def test_what_costs_nobody_money_asks_for_no_budget(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        new = NewProvider("Here", "openai-compatible", wire.url, models=["lab-7b"], billing="local")
        providers.add(db, SYSTEM, world.vault, new)
        wire.will(answer())
        assert make(calls, db, ask(model="simulated")).cost_nano > 0
        assert make(calls, db, ask()).cost_nano == 0


@pytest.mark.parametrize(
    ("answers", "code", "sent"),
    [
        ([http(401, {"error": {"message": "bad key"}})], "provider_auth", 1),
        ([http(400, {"error": {"message": "no"}})], "provider_rejected", 1),
        ([http(429, {"error": {"message": "slow"}}, Retry_After="30")], "provider_rate_limited", 1),
        ([http(500, "oops")] * 3, "provider_error", None),
        ([Answer(b"", hang=True)] * 3, "provider_timeout", None),
    ],
    ids=["401", "400", "429-long", "500", "timeout"],
)
def test_a_call_that_fails_costs_nothing_and_gives_its_reservation_back(
    world: World, calls: Calls, wire: ScriptedServer, answers: list[Answer], code: str, sent: int | None
) -> None:
    lost: list[Any] = []
    with world.db() as db:
        lab(db, world, wire)
        wire.will(*answers)
        with pytest.raises(ProviderFailure) as failed:
            calls.make(db, Caller(), ask(), lambda outcome: None, lambda *about: lost.append(about))
        assert failed.value.code == code
        call = only(db)
        assert (call.state, call.failure_code, call.cost_nano) == ("failed", code, 0)
        assert lost == [(call.id, 0, call.attempts)]
        assert sent is None or len(wire.received) == call.attempts == sent
        assert nothing_held(db) and budgets.all(db)[0].spent_nano == 0


def test_a_short_retry_after_is_waited_for_inside_the_call(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire)
        calls.stopping.clear()
        wire.will(http(429, {"error": {"message": "slow"}}, retry_after_ms="600"), answer())
        outcome = make(calls, db, ask())
        assert (outcome.attempts, outcome.cost_nano) == (2, COST)
        assert [a.failure_code for a in ledger.attempts(db, outcome.call_id)] == ["provider_rate_limited", ""]


def test_a_stream_that_is_cut_costs_what_had_arrived(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire)
        wire.will(sse({"choices": [{"index": 0, "delta": {"content": "x" * 320}}]}, whole=False))
        with pytest.raises(ProviderFailure) as failed:
            make(calls, db, ask())
        assert failed.value.code == "stream_cut"
        (attempt,) = ledger.attempts(db, only(db).id)
        assert (attempt.cost_source, attempt.output_total) == ("estimated", 101)
        assert only(db).cost_nano == attempt.cost_nano and (attempt.cost_nano or 0) > 101 * 1500
        assert budgets.all(db)[0].spent_nano == attempt.cost_nano and nothing_held(db)


def test_garbage_after_a_good_status_may_have_been_billed(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire)
        wire.will(http(200, "<html>hello</html>", Content_Type="text/html"))
        with pytest.raises(ProviderFailure) as failed:
            make(calls, db, ask())
        assert failed.value.code == "provider_garbage"
        (attempt,) = ledger.attempts(db, only(db).id)
        assert (attempt.cost_source, attempt.cost_nano) == ("estimated", only(db).cost_nano)
        assert nothing_held(db)


def test_an_answer_without_usage_is_estimated(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire)
        delta = {"choices": [{"index": 0, "delta": {"content": "x" * 32}, "finish_reason": "stop"}], "model": "lab-7b"}
        wire.will(sse(delta, "[DONE]"))
        outcome = make(calls, db, ask())
        (attempt,) = ledger.attempts(db, outcome.call_id)
        assert (attempt.cost_source, attempt.output_total) == ("estimated", 11)
        assert outcome.cost_nano == attempt.cost_nano


def test_a_model_without_a_price_is_never_called(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire, priced=False)
        with pytest.raises(ProviderFailure) as refused:
            make(calls, db, ask())
        assert refused.value.code == "unpriced_model"
        assert "Set a price" in refused.value.row.what_to_do
        assert wire.received == [] and ledger.calls(db).items == []


def test_a_call_above_the_budget_is_never_sent(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire)
        budgets.put(db, SYSTEM, "agent", "a-1", "month", 1)
        with pytest.raises(Problem) as refused:
            make(calls, db, ask(), Caller(agent_id="a-1"))
        assert refused.value.code == "budget_exceeded"
        assert wire.received == [] and ledger.calls(db).items == [] and nothing_held(db)


def test_spend_is_booked_on_every_scope_of_the_caller(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire)
        top = tasks.create(db, SYSTEM, NewTask("Top"))
        task = tasks.create(db, SYSTEM, NewTask("Below", parent_id=top.id))
        db.update("tasks", {"id": top.id}, project="web")
        (account,) = providers.all(db)
        ids = {"provider": account.id, "agent": "a-1", "project": "web", "task": task.id, "run": "r-1"}
        ids["model"] = "lab-7b"
        for scope, scope_id in (*ids.items(), ("task", top.id)):
            budgets.put(db, SYSTEM, scope, scope_id, "lifetime", budgets.NANO)
        wire.will(answer())
        make(calls, db, ask(), Caller(run_id="r-1", task_id=task.id, agent_id="a-1"))
        assert {budget.scope for budget in budgets.all(db)} == set(SCOPES) - {"key", "session"}
        assert [budget.spent_nano for budget in budgets.all(db)] == [COST] * 8


def test_a_budget_of_zero_stops_every_call(world: World, calls: Calls) -> None:
    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        budgets.put(db, SYSTEM, "tenant", "", "month", 0)
        with pytest.raises(Problem, match="may spend \\$0.00 this month"):
            make(calls, db, ask(model="simulated"))


def test_the_key_goes_to_the_provider_and_nowhere_else(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire)
        wire.will(http(400, {"error": {"message": "You sent sk-lab-0123456789, why?"}}))
        with pytest.raises(ProviderFailure):
            make(calls, db, ask())
        assert wire.received[0].headers["authorization"] == "Bearer sk-lab-0123456789"
        assert "sk-lab-0123456789" not in json.dumps([db.rows(f"SELECT * FROM {t}") for t in ("calls", "attempts")])


def test_a_call_whose_caller_breaks_off_holds_nothing_and_counts_as_estimated(
    world: World, calls: Calls, wire: ScriptedServer
) -> None:
    def disk_full() -> bool:
        raise Problem("disk_full")

    with world.db() as db:
        lab(db, world, wire)
        wire.will(Answer(b"", hang=True))
        with pytest.raises(Problem, match="disk is full"):
            calls.make(db, Caller(), ask(), lambda outcome: None, lambda *lost: None, cancelled=disk_full)
        call = only(db)
        assert (call.state, call.cost_nano) == ("lost", call.estimate_nano)
        assert nothing_held(db)
        assert budgets.all(db)[0].spent_nano == call.estimate_nano


def test_mistake_24_use_of_a_flat_fee_is_shown_at_list_prices_and_not_as_free(
    world: World, calls: Calls, wire: ScriptedServer
) -> None:
    with world.db() as db:
        new = NewProvider("Plan", "openai-compatible", wire.url, "sk-1", ["lab-7b"], PRICE, billing="flat")
        providers.add(db, SYSTEM, world.vault, new)
        wire.will(answer())
        outcome = make(calls, db, ask())
        (attempt,) = ledger.attempts(db, outcome.call_id)
        assert (attempt.cost_nano, attempt.cost_source, attempt.imputed_nano) == (0, "flat", COST)
    page = world.alice.get(f"{world.alice.pages}/costs/calls/{outcome.call_id}").text
    assert "At list prices this use would have cost" in page and "$0.00064" in page


def test_servers_on_this_machine_are_found_on_their_ports(
    world: World, calls: Calls, wire: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from appliance.calls import local_servers as module
    from appliance.calls.local_servers import LocalServer

    listening = LocalServer("vLLM", "openai-compatible", wire.url)
    silent = LocalServer("Ollama", "ollama", "http://127.0.0.1:9/v1")
    monkeypatch.setattr(module, "USUAL", (silent, listening))
    wire.will(http(200, {"object": "list", "data": [{"id": "lab-7b", "object": "model"}]}))
    (found,) = module.answering(calls.accounts)
    assert (found.name, found.models) == ("vLLM", ["lab-7b"])
