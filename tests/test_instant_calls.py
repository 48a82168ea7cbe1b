"""Calls that the simulated provider answers at once."""

import pytest

from appliance.calls import Caller, Outcome
from appliance.domain import budgets, ledger, preferences, providers
from appliance.domain.actor import SYSTEM
from appliance.domain.provider_forms import NewProvider
from appliance.errors import Problem
from appliance.gateway.types import ChatRequest, Message
from tests.world import World


def ask(answer: str) -> ChatRequest:
    return ChatRequest("simulated", (Message("user", f"sim: say {answer}"),))


def test_a_simulated_call_that_takes_no_time_is_made_and_recorded_together_or_not_at_all(world: World) -> None:
    commits: list[list[str]] = []
    world.catalogue.subscribe(lambda tenant, events: commits.append([event["kind"] for event in events]))

    def recorded(outcome: Outcome) -> None:
        preferences.put(db, SYSTEM, "got", outcome.reply.content)

    def broken(outcome: Outcome) -> None:
        preferences.put(db, SYSTEM, "got", "half")
        raise Problem("conflict", "The run is gone.")

    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        budgets.put(db, SYSTEM, "tenant", "", "month", budgets.NANO)
        with pytest.raises(Problem, match="The run is gone"):
            world.calls.make(db, Caller(), ask("one"), broken, lambda *lost: None)
        assert ledger.calls(db).items == [] and budgets.all(db)[0].reserved_nano == 0
        commits.clear()
        world.calls.make(db, Caller(), ask("two"), recorded, lambda *lost: None)
        assert preferences.get(db, "got") == "two"
    assert commits == [["preference.changed"]]


def test_a_simulated_call_that_a_budget_has_no_room_for_leaves_nothing(world: World) -> None:
    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        budgets.put(db, SYSTEM, "tenant", "", "month", 0)
        with pytest.raises(budgets.OverBudget):
            world.calls.make(db, Caller(), ask("one"), lambda outcome: None, lambda *lost: None)
        assert ledger.calls(db).items == [] and db.rows("SELECT * FROM decisions") == []


def test_a_simulated_call_that_takes_time_is_reserved_before_it_is_sent(world: World) -> None:
    seen: list[tuple[bool, int]] = []

    def waits() -> None:
        seen.append((db.in_transaction, len(db.rows("SELECT * FROM reservations"))))

    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        slow = ChatRequest("simulated", (Message("user", "sim: latency 1ms\nsim: say one"),))
        world.calls.make(db, Caller(), slow, lambda outcome: None, lambda *lost: None, blocking=waits)
        assert db.rows("SELECT * FROM reservations") == []
    [(within, held)] = seen
    assert not within and held > 0
