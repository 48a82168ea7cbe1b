"""Sixty-four calls at once on a budget of five cents: what is spent, what is refused, and what is left behind."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest

from appliance.db.database import Database
from appliance.domain import budgets, ledger, limits, scopes
from appliance.domain.actor import SYSTEM
from appliance.domain.budget_forms import Extra
from appliance.domain.budgets import OverBudget
from appliance.domain.ledger import Attempt, Opening
from tests.world import World

# As many callers as the pool of connections allows.
CALLERS = {"sqlite": 64, "postgres": 40}
SEEDS = {"sqlite": 12, "postgres": 4}
LIMIT = 50_000_000


class Play(NamedTuple):
    """One call of a seed. A strict estimate is the most the call can cost; a balanced one may be too low."""

    agent: str
    estimate: int
    cost: int


class Race:
    """Callers with a connection each, who start together, and what became of their calls."""

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self.local = threading.local()
        self.open = ExitStack()
        self.barrier = threading.Barrier(count, timeout=20)

    def connect(self) -> None:
        self.local.db = self.open.enter_context(self.world.db())

    def call(self, play: Play) -> bool:
        """False when there was no money for it."""
        self.barrier.wait()
        return paid(self.local.db, play)


def paid(db: Database, play: Play) -> bool:
    counted = scopes.of(db, provider_id="p", agent_id=play.agent)
    try:
        call_id = ledger.open_call(
            db, Opening("p", "m", False, play.estimate, "test", counted, agent_id=play.agent, metered=True)
        )
    except OverBudget as over:
        assert over.budget and over.budget.left_nano < play.estimate, "blocked although there was room"
        return False
    with db.transaction():
        ledger.settle(db, call_id, [Attempt("p", "m", cost_nano=play.cost)])
    return True


@contextmanager
def callers(world: World, count: int) -> Iterator[tuple[Race, ThreadPoolExecutor]]:
    race = Race(world, count)
    with race.open, ThreadPoolExecutor(count, initializer=race.connect) as pool:
        yield race, pool


def plays(seed: int, count: int) -> list[Play]:
    """In odd seeds the estimates are strict; in even ones a single call costs up to three times its own."""
    dice = random.Random(seed)
    made = []
    for n in range(count):
        estimate = dice.randint(200_000, 4_000_000)
        over = seed % 2 == 0 and n == count // 2
        cost = dice.randint(estimate, 3 * estimate) if over else dice.randint(0, estimate)
        made.append(Play(f"a-{n % 3}", estimate, cost))
    dice.shuffle(made)
    return made


def race_over(world: World, count: int, seeds: int) -> None:
    refused = 0
    with callers(world, count) as (race, pool), world.db() as db:
        for seed in range(seeds):
            refused += one_race(race, pool, db, seed, count)
    assert refused > seeds, "the limit was hardly ever reached"


def one_race(race: Race, pool: ThreadPoolExecutor, db: Database, seed: int, count: int) -> int:
    """How many calls there was no money for."""
    for table in ("attempts", "calls", "spent", "budgets"):
        db.execute(f"DELETE FROM {table}")
    budgets.put(db, SYSTEM, "tenant", "", "month", LIMIT)
    budgets.put(db, SYSTEM, "agent", "a-0", "day", LIMIT // 4)
    asked = plays(seed, count)
    went = list(pool.map(race.call, asked))
    agent, tenant = sorted(budgets.all(db), key=lambda budget: budget.scope)
    done = [play for play, ok in zip(asked, went, strict=True) if ok]
    error = sum(max(play.cost - play.estimate, 0) for play in done)
    assert tenant.spent_nano == sum(play.cost for play in done) <= LIMIT + error, f"seed {seed}"
    own = [play for play in done if play.agent == "a-0"]
    assert agent.spent_nano == sum(play.cost for play in own) <= LIMIT // 4 + error, f"seed {seed}"
    assert (tenant.reserved_nano, agent.reserved_nano) == (0, 0), f"dead reservation, seed {seed}"
    smallest = min(asked, key=lambda play: play.estimate)._replace(agent="a-1", cost=0)
    assert paid(db, smallest) == (tenant.left_nano >= smallest.estimate), f"seed {seed}"
    return went.count(False)


def test_mistake_21_parallel_calls_never_spend_more_than_the_limit_and_one_estimates_error(
    world: World, backend: str
) -> None:
    race_over(world, CALLERS[backend], SEEDS[backend])


@pytest.mark.timeout(240)
@pytest.mark.outside
def test_a_hundred_races_never_spend_more(world: World, backend: str) -> None:
    race_over(world, CALLERS[backend], 100)


def test_what_two_allow_once_at_the_same_time_adds_up(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 5)
        [budget] = budgets.all(db)
        barrier = threading.Barrier(8, timeout=20)

    def allow(_: int) -> None:
        with world.db() as db:
            barrier.wait()
            limits.allow_once(db, SYSTEM, budget.id, Extra("1"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(allow, range(8)))
    with world.db() as db:
        assert budgets.get(db, budget.id).extra_nano == 8 * budgets.NANO
