"""Sixty-four tools at once on a budget of five cents, through the desk, over a hundred seeds."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from appliance.calls.asked import Admitted, Refused
from appliance.domain import budgets
from appliance.domain.actor import SYSTEM
from appliance.domain.budgets import Terms
from tests.desking import TOKEN, Counter, counter
from tests.world import World

LIMIT = 50_000_000
TOOLS = 64
SEEDS = {"sqlite": 100, "postgres": 12}


class Play(NamedTuple):
    """One call: the tokens it asks for at most, the share of what was held that it costs, and its session."""

    cap: int
    share: float
    session: str


class Went(NamedTuple):
    play: Play
    held: int
    cost: int


def plays(seed: int, strict: bool) -> list[Play]:
    """Strict calls cost at most what was held: the edge cuts them. Of the others one costs up to three times that."""
    dice = random.Random(seed)
    made = [Play(dice.randint(1, 4_000), dice.random(), f"s-{n % 3}") for n in range(TOOLS)]
    if not strict:
        made[dice.randrange(TOOLS)] = Play(4_000, 1 + 2 * dice.random(), "s-0")
    return made


def call(desk: Counter, play: Play) -> Went | Refused:
    """Asks, and is done at once; a refusal says how it was."""
    future = desk.ask(play.cap, session_id=play.session)
    error: Any = future.exception(30)
    if error:
        assert isinstance(error, Refused), error
        return error
    admitted: Admitted = future.result()
    cost = int(admitted.reserved_nano * play.share)
    desk.settle(admitted, cost)
    return Went(play, admitted.reserved_nano, cost)


def race(desk: Counter, pool: ThreadPoolExecutor, seed: int, strict: bool) -> int:
    """How many were refused."""
    for table in ("attempts", "calls", "spent", "budgets", "approvals"):
        desk.db.execute(f"DELETE FROM {table}")
    terms = Terms("block", strict=strict)
    budgets.put(desk.db, SYSTEM, "tenant", "", "month", LIMIT, terms)
    budgets.put(desk.db, SYSTEM, "session", "s-0", "5h", LIMIT // 4, terms)
    asked = plays(seed, strict)
    outcomes = list(pool.map(lambda play: call(desk, play), asked))
    done = [went for went in outcomes if isinstance(went, Went)]
    tenant, session = sorted(budgets.all(desk.db), key=lambda budget: budget.scope, reverse=True)
    error = max((max(went.cost - went.held, 0) for went in done), default=0)
    assert error == 0 or not strict
    assert tenant.spent_nano == sum(went.cost for went in done) <= LIMIT + error, f"seed {seed}"
    own = [went for went in done if went.play.session == "s-0"]
    assert session.spent_nano == sum(went.cost for went in own) <= LIMIT // 4 + error, f"seed {seed}"
    assert (tenant.reserved_nano, session.reserved_nano) == (0, 0), f"dead reservation, seed {seed}"
    # No false block: what is left can be had to the last token, and not a token more.
    room = min(tenant.left_nano, 30_000 * TOKEN) // TOKEN - 1
    if room > 0:
        last = desk.admitted(room, session_id="s-1") if strict or room <= 1_000 else None
        assert last is None or last.reserved_nano == (room + 1) * TOKEN
        assert strict is False or desk.refusal(30_000, session_id="s-1").reason == "budget"
    desk.db.execute("DELETE FROM reservations")
    return len(outcomes) - len(done)


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "balanced"])
def test_sixty_four_tools_at_once_never_spend_more_than_the_limit_and_one_calls_error(
    world: World, backend: str, strict: bool
) -> None:
    with counter(world) as desk, ThreadPoolExecutor(TOOLS) as pool:
        refused = sum(race(desk, pool, seed, strict) for seed in range(SEEDS[backend] // 2))
    assert refused > SEEDS[backend], "the limit was hardly ever reached"
