"""Prices of thousands of calls at another model are those of the price list, to the nano-dollar."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance import clock
from appliance.calls.elsewhere import Elsewhere
from appliance.domain import providers
from appliance.domain.actor import SYSTEM
from appliance.domain.analytics.baselines import Done, Place
from appliance.domain.provider_forms import ModelPrice, NewProvider, ProviderChange
from appliance.gateway.types import Usage
from tests.world import World

PLACES = (
    ("anthropic", "claude-opus-4-8"),
    ("anthropic", "claude-sonnet-4-5"),
    ("openai", "gpt-5"),
    ("openai-compatible", "gemini-2.5-pro"),
    ("openai-compatible", "deepseek-v4-pro"),
    ("openai-compatible", "lab-7b"),
)


@st.composite
def calls(draw: st.DrawFn) -> list[Done]:
    """Sizes on both sides of long-context prices, times on both sides of night prices."""
    hour = draw(st.integers(0, 23))
    made = []
    for n in range(draw(st.integers(1, 40))):
        size = draw(st.one_of(st.integers(0, 3_000), st.integers(190_000, 210_000), st.integers(0, 10**6)))
        read = draw(st.integers(0, size))
        short = draw(st.integers(0, size - read))
        long = draw(st.integers(0, size - read - short))
        at = f"2026-11-20T{hour:02d}:{draw(st.integers(0, 59)):02d}:00.000000Z"
        output = draw(st.integers(0, 60_000))
        made.append(Done(str(n), at, "p", "m", "", "", False, 1, size, read, short, long, output))
    return made


@pytest.fixture
def names(world: World) -> dict[str, str]:
    """Model → the id of the account that serves it."""
    with world.db() as db:
        return {
            model: providers.add(
                db, SYSTEM, world.vault, NewProvider(model, kind, "http://127.0.0.1:9/v1", "sk-test-12345678", [model])
            ).id
            for kind, model in PLACES
        }


@pytest.mark.parametrize("model", [model for _, model in PLACES])
@given(some=calls())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_call_costs_what_the_price_list_says(
    world: World, names: dict[str, str], model: str, some: list[Done]
) -> None:
    accounts = world.calls.accounts
    with world.db() as db:
        provider = providers.get(db, names[model])
        found = Elsewhere(accounts).costs(db, Place(provider.id, model), some)
    account = accounts.described(provider)
    for call, nano in zip(some, found, strict=True):
        usage = Usage(call.input_total, call.cache_read, call.cache_write_5m, call.cache_write_1h, call.output_total)
        assert nano == accounts.prices.price(account, model, usage, clock.parse(call.finished_at)).cost_nano


def test_prices_of_the_account_win_and_a_flat_fee_costs_nothing(world: World) -> None:
    call = Done("1", "2026-11-20T10:00:00.000000Z", "p", "m", "", "", False, 1, 1_000_000, 0, 0, 0, 0)
    price = {"lab-7b": ModelPrice(Decimal("2.5"), Decimal("5"))}
    with world.db() as db:
        own = NewProvider("Lab", "openai-compatible", "http://127.0.0.1:9/v1", models=["lab-7b"], prices=price)
        flat = NewProvider("Flat", "openai", secret="sk-test-12345678", models=["gpt-5"], billing="flat")
        elsewhere = Elsewhere(world.calls.accounts)
        priced = providers.add(db, SYSTEM, world.vault, own)
        free = providers.add(db, SYSTEM, world.vault, flat)
        assert elsewhere.costs(db, Place(priced.id, "lab-7b"), [call]) == [2_500_000_000]
        assert elsewhere.costs(db, Place(free.id, "gpt-5"), [call]) == [0]


def test_simulated_calls_are_answered_by_simulated_models_only(world: World) -> None:
    real, made_up = (
        Done("1", "2026-11-20T10:00:00.000000Z", "p", "m", "", "", simulated, 1, 100, 0, 0, 0, 10)
        for simulated in (False, True)
    )
    with world.db() as db:
        sim = providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        lab = providers.add(db, SYSTEM, world.vault, NewProvider("OpenAI", "openai", secret="sk-test-12345678"))
        elsewhere = Elsewhere(world.calls.accounts)
        assert [nano is None for nano in elsewhere.costs(db, Place(sim.id, "sim-deep"), [real, made_up])] == [
            True,
            False,
        ]
        assert [nano is None for nano in elsewhere.costs(db, Place(lab.id, "gpt-5"), [real, made_up])] == [False, True]


def test_accounts_that_are_gone_or_paused_can_not_be_asked(world: World) -> None:
    with world.db() as db:
        here = providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        used = [Place(here.id, "sim-deep"), Place("gone", "sim-deep")]
        assert Elsewhere(world.calls.accounts).places(db, used) == used[:1]
        providers.change(db, SYSTEM, world.vault, here.id, ProviderChange(paused=True))
        assert Elsewhere(world.calls.accounts).places(db, used) == []
