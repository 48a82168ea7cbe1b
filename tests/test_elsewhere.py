"""Prices of thousands of calls at another model are those of the price list, to the nano-dollar."""

from decimal import Decimal
from random import Random

import pytest

from appliance import clock
from appliance.calls.elsewhere import Elsewhere
from appliance.domain import providers
from appliance.domain.actor import SYSTEM
from appliance.domain.analytics.baselines import Done, Place
from appliance.domain.model_facts import Facts
from appliance.domain.provider_forms import ModelPrice, NewProvider, ProviderChange
from appliance.gateway.types import Usage
from tests.world import World

# However large the call.
WIDE = Facts(context=10**9)
PLACES = (
    ("anthropic", "claude-opus-4-8"),
    ("anthropic", "claude-sonnet-4-5"),
    ("openai", "gpt-5"),
    ("openai-compatible", "gemini-2.5-pro"),
    ("openai-compatible", "deepseek-v4-pro"),
    ("openai-compatible", "lab-7b"),
)


def calls(seed: int) -> list[Done]:
    """Sizes on both sides of long-context prices, times on both sides of night prices."""
    roll, made = Random(seed), []
    hour = roll.randrange(24)
    for n in range(60):
        size = roll.choice((roll.randrange(3_000), roll.randrange(190_000, 210_000), roll.randrange(10**6)))
        read = roll.randrange(size + 1)
        short = roll.randrange(size - read + 1)
        long = roll.randrange(size - read - short + 1)
        at = f"2026-11-20T{hour:02d}:{roll.randrange(60):02d}:00.000000Z"
        output = roll.randrange(60_000)
        made.append(Done(str(n), at, "p", "m", "", "", False, 1, size, read, short, long, output))
    return made


@pytest.fixture
def names(world: World) -> dict[str, str]:
    """Model → the id of the account that serves it."""
    with world.db() as db:
        return {
            model: providers.add(
                db,
                SYSTEM,
                world.vault,
                NewProvider(model, kind, "http://127.0.0.1:9/v1", "sk-test-12345678", [model], facts={model: WIDE}),
            ).id
            for kind, model in PLACES
        }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("model", [model for _, model in PLACES])
def test_each_call_costs_what_the_price_list_says(world: World, names: dict[str, str], model: str, seed: int) -> None:
    some = calls(seed)
    accounts = world.calls.accounts
    with world.db() as db:
        provider = providers.get(db, names[model])
        found = Elsewhere(accounts).costs(db, Place(provider.id, model), some)
    account = accounts.described(provider)
    for call, nano in zip(some, found, strict=True):
        usage = Usage(call.input_total, call.cache_read, call.cache_write_5m, call.cache_write_1h, call.output_total)
        assert nano == accounts.prices.price(account, model, usage, clock.parse(call.finished_at)).cost_nano


def test_prices_of_the_account_win_and_a_flat_fee_costs_nothing(world: World) -> None:
    call = Done("1", "2026-11-20T10:00:00.000000Z", "p", "m", "", "", False, 1, 100_000, 0, 0, 0, 0)
    price = {"lab-7b": ModelPrice(Decimal("2.5"), Decimal("5"))}
    with world.db() as db:
        own = NewProvider("Lab", "openai-compatible", "http://127.0.0.1:9/v1", models=["lab-7b"], prices=price)
        flat = NewProvider("Flat", "openai", secret="sk-test-12345678", models=["gpt-5"], billing="flat")
        elsewhere = Elsewhere(world.calls.accounts)
        priced = providers.add(db, SYSTEM, world.vault, own)
        free = providers.add(db, SYSTEM, world.vault, flat)
        assert elsewhere.costs(db, Place(priced.id, "lab-7b"), [call]) == [250_000_000]
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


def test_what_a_model_lacks_is_not_priced_there(world: World) -> None:
    small = Facts(context=1_000, vision=False)
    with world.db() as db:
        new = NewProvider("OpenAI", "openai", secret="sk-test-12345678", models=["gpt-5"], facts={"gpt-5": small})
        account = providers.add(db, SYSTEM, world.vault, new)
        at = "2026-11-20T10:00:00.000000Z"
        fits, large, seen = (
            Done("1", at, "p", "m", "", needs, False, 1, size, 0, 0, 0, 10)
            for size, needs in ((900, "tools"), (1_000, ""), (100, "tools,vision"))
        )
        costs = Elsewhere(world.calls.accounts).costs(db, Place(account.id, "gpt-5"), [fits, large, seen])
        assert [nano is None for nano in costs] == [False, True, True]
