"""Which target a request goes to, by the strategy of its route and by what the request needs."""

from collections import Counter
from decimal import Decimal

import pytest

from appliance.domain import events, prices, providers, routes, routing
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.model_facts import Facts
from appliance.domain.price_forms import NewPrice, UnitPrices
from appliance.domain.provider_forms import ModelPrice, NewProvider, ProviderChange
from appliance.domain.route_forms import NewRoute, NewTarget, RouteChange
from appliance.errors import Problem
from tests.domain.aiming import Range
from tests.world import World

ADMIN = Actor("member", "1", "Ann", "admin")


def test_a_fixed_route_takes_its_targets_in_their_order(aim: Range) -> None:
    for name in ("One", "Two", "Three"):
        aim.account(name)
    aim.route("Two", "One", "Three")
    assert aim.order() == ["Two", "One", "Three"]
    assert routing.resolve(aim.db, "house")[0].name == "Two"


def test_a_weighted_route_shares_calls_by_weight(aim: Range) -> None:
    aim.account("One")
    aim.account("Two")
    aim.route(NewTarget("One", "m", 9), NewTarget("Two", "m", 1), strategy="weighted")
    drawn = Counter(aim.first() for _ in range(600))
    assert 480 < drawn["One"] < 585 and set(aim.order()) == {"One", "Two"}


def test_the_least_busy_route_takes_the_account_with_the_fewest_calls_under_way(aim: Range) -> None:
    one, two = aim.account("One"), aim.account("Two")
    aim.route("One", "Two", strategy="least_busy")
    aim.busy(one, 3)
    aim.busy(two, 1)
    assert aim.order() == ["Two", "One"]
    heavy = ProviderChange(weight=10)
    providers.change(aim.db, SYSTEM, aim.world.vault, one.id, heavy)
    assert aim.order() == ["One", "Two"]


def test_the_fastest_route_takes_the_lowest_median_of_the_last_hour(aim: Range) -> None:
    one, two = aim.account("One"), aim.account("Two")
    aim.route("One", "Two", strategy="lowest_latency")
    for ms in (100, 900, 120):
        aim.took(one, ms)
    for ms in (80, 90, 5000):
        aim.took(two, ms)
    aim.took(one, 1, minutes_ago=61)
    assert aim.order() == ["Two", "One"]


def test_a_target_that_was_not_measured_within_the_hour_is_tried_first_on_the_fastest_route(aim: Range) -> None:
    one, _ = aim.account("One"), aim.account("Two")
    aim.route("One", "Two", strategy="lowest_latency")
    aim.took(one, 50)
    assert aim.order() == ["Two", "One"]


def test_the_cheapest_capable_target_is_taken(aim: Range) -> None:
    aim.account("One", 3)
    aim.account("Two", 1, Facts(tools=False))
    aim.account("Three", 2, Facts(tools=True))
    aim.route("One", "Two", "Three", strategy="cheapest")
    assert aim.order() == ["Two", "Three", "One"]
    plan = aim.plan(needs=frozenset({"tools"}))
    assert [one.provider.name for one in plan.targets] == ["Three", "One"]
    assert [one["against"] for one in plan.decision["candidates"]] == ["", "takes no tools", ""]


@pytest.mark.parametrize(
    ("facts", "want", "said"),
    [
        (Facts(context=8000), {"input_tokens": 7000, "output_tokens": 1001}, "reads 8,000 tokens, 8,001 are needed"),
        (Facts(output=4000), {"output_tokens": 4001}, "writes 4,000 tokens, 4,001 are asked"),
        (Facts(tools=False), {"needs": frozenset({"tools"})}, "takes no tools"),
        (Facts(vision=False), {"needs": frozenset({"vision"})}, "takes no vision"),
        (Facts(schema=False), {"needs": frozenset({"schema"})}, "takes no schema"),
    ],
    ids=["context", "output", "tools", "vision", "schema"],
)
def test_a_target_that_cannot_do_it_is_not_tried_and_the_refusal_says_why(
    aim: Range, facts: Facts, want: dict[str, object], said: str
) -> None:
    aim.account("One", facts=facts)
    aim.route("One")
    assert aim.order() == ["One"]
    with pytest.raises(Problem, match=f"One/m {said}") as refused:
        aim.plan(**want)
    assert refused.value.code == "provider_failed"


def test_what_nobody_knows_of_a_model_is_said_and_goes_behind_what_is_known(aim: Range) -> None:
    aim.account("One", 1)
    aim.account("Two", 2, Facts(context=8000, tools=True))
    aim.route("One", "Two", strategy="cheapest")
    plan = aim.plan(needs=frozenset({"tools"}), input_tokens=5000)
    assert [(one.provider.name, one.unknown) for one in plan.targets] == [("Two", ()), ("One", ("tools", "context"))]
    assert plan.decision["candidates"][0]["unknown"] == ["tools", "context"]


def test_the_catalogue_knows_how_much_a_model_reads_until_somebody_says_otherwise(aim: Range) -> None:
    big = {"input_tokens": 300_000}
    made = aim.account("One", kind="anthropic", base_url="", secret="sk-123456789012", models=["claude-haiku-4-5"])
    aim.route(NewTarget("One", "claude-haiku-4-5"))
    with pytest.raises(Problem, match="reads 200,000 tokens"):
        aim.plan(**big)
    more = ProviderChange(facts={"claude-haiku-4-5": Facts(context=1_000_000)})
    providers.change(aim.db, SYSTEM, aim.world.vault, made.id, more)
    assert aim.order(**big) == ["One"]


def test_a_target_for_one_kind_of_work_gets_no_other(aim: Range) -> None:
    aim.account("One")
    aim.account("Two")
    aim.route(NewTarget("One", "m", task_kinds=["review"]), "Two")
    assert aim.order(task_kind="review") == ["One", "Two"]
    assert aim.order(task_kind="writing") == aim.order() == ["Two"]


def test_a_model_without_a_price_is_never_a_target(aim: Range) -> None:
    aim.account("One", models=["x"], prices={})
    aim.account("Two")
    aim.route(NewTarget("One", "x"), "Two")
    assert aim.order() == ["Two"]


def test_a_price_of_the_tenants_own_makes_a_model_a_target_at_once(aim: Range) -> None:
    aim.account("One", models=["x"], prices={})
    aim.route(NewTarget("One", "x"))
    with pytest.raises(Problem, match="One/x has no price"):
        aim.order()
    prices.put(aim.db, SYSTEM, NewPrice("x", UnitPrices(Decimal(3), Decimal(4))))
    assert aim.plan(input_tokens=1000, output_tokens=500).first.nano_estimate == 1000 * 3000 + 500 * 4000


def test_only_an_account_that_makes_embeddings_is_asked_for_them(aim: Range) -> None:
    aim.account("One", kind="anthropic-compatible")
    aim.account("Two")
    aim.route("One", "Two")
    assert aim.order(surface="embeddings") == ["Two"]


def test_the_next_target_is_one_of_the_same_protocol_where_there_is_a_choice(aim: Range) -> None:
    aim.account("One", 1, kind="anthropic-compatible")
    aim.account("Two", 2)
    aim.account("Three", 3, kind="anthropic-compatible")
    aim.route("One", "Two", "Three", strategy="cheapest")
    plan = aim.plan(surface="messages")
    assert [(one.provider.name, one.protocol) for one in plan.targets] == [
        ("One", "messages"),
        ("Three", "messages"),
        ("Two", "chat"),
    ]


def test_the_decision_keeps_the_candidates_and_the_cheapest_that_was_fit_and_healthy(aim: Range) -> None:
    one, two, three = aim.account("One", 3), aim.account("Two", 1), aim.account("Three", 2)
    aim.route("One", "Two", "Three")
    aim.fails(two)
    plan = aim.plan(input_tokens=1000, output_tokens=500, needs=frozenset({"tools"}))
    routes.keep(aim.db, "call-1", plan)
    kept = routes.decision(aim.db, "call-1")
    assert kept and (kept.provider_id, kept.nano_estimate) == (one.id, 1500 * 3000)
    assert (kept.best_provider_id, kept.best_nano, kept.optimal) == (three.id, 1500 * 2000, False)
    assert (kept.candidates, kept.healthy, kept.strategy, kept.alias) == (3, 2, "fixed", "house")
    assert [c["healthy"] for c in kept.detail["candidates"]] == [True, False, True]
    assert kept.why == "the first in order that does not rest"


def test_the_name_of_a_route_goes_before_a_model_of_that_name(aim: Range) -> None:
    aim.account("One")
    aim.account("Two")
    aim.route("Two", name="m")
    assert aim.order("m") == ["Two"]
    assert aim.order("One/m") == ["One"]


def test_a_plain_model_is_served_by_the_heaviest_account_then_by_the_oldest(aim: Range) -> None:
    for name in ("One", "Two"):
        aim.account(name)
    assert aim.order("m") == ["One", "Two"]
    aim.account("Three", weight=2)
    assert aim.order("m") == ["Three", "One", "Two"]


def test_an_account_with_only_its_listed_models_takes_no_other(aim: Range) -> None:
    made = aim.account("One")
    assert aim.order("One/other") == ["One"]
    providers.change(aim.db, SYSTEM, aim.world.vault, made.id, ProviderChange(only_listed=True))
    assert aim.order("One/m") == ["One"]
    with pytest.raises(Problem, match="No provider account serves the model 'One/other'"):
        aim.order("One/other")


def test_a_change_of_an_account_is_seen_by_the_next_plan_of_another_connection(aim: Range) -> None:
    made = aim.account("One")
    aim.account("Two")
    aim.route("One", "Two")
    with aim.world.db() as other:
        seen = lambda: routes.plan(other, routes.Want("house"), aim.knows).first.provider.name  # noqa: E731
        assert seen() == "One"
        providers.change(aim.db, SYSTEM, aim.world.vault, made.id, ProviderChange(paused=True))
        assert seen() == "Two"
        dear = ProviderChange(paused=False, prices={"m": ModelPrice(9, 9)})
        providers.change(aim.db, SYSTEM, aim.world.vault, made.id, dear)
        assert (
            routes.plan(other, routes.Want("house", input_tokens=10**6), aim.knows).first.nano_estimate == 9_036_000_000
        )


def test_a_change_that_was_rolled_back_is_not_kept(aim: Range) -> None:
    made = aim.account("One")
    with pytest.raises(RuntimeError), aim.db.transaction():
        providers.change(aim.db, SYSTEM, aim.world.vault, made.id, ProviderChange(name="Other"))
        assert aim.order("m") == ["Other"]
        raise RuntimeError
    assert aim.order("m") == ["One"]


def test_a_route_is_changed_renamed_and_removed(aim: Range) -> None:
    aim.account("One")
    aim.account("Two")
    made = aim.route("One")
    changed = routes.change(
        aim.db, SYSTEM, "house", RouteChange("fast", [NewTarget("Two", " m ", 4)], "weighted", False)
    )
    assert (changed.id, changed.name, changed.strategy, changed.sticky) == (made.id, "fast", "weighted", False)
    assert [(t.provider_name, t.model, t.weight) for t in changed.targets] == [("Two", "m", 4)]
    assert routes.change(aim.db, SYSTEM, made.id, RouteChange(strategy="fixed")).targets == changed.targets
    assert routes.put(aim.db, SYSTEM, NewRoute("fast", [NewTarget("One", "m")])).id == made.id
    routes.remove(aim.db, SYSTEM, "fast")
    assert routes.every(aim.db) == []
    assert [event.kind for event in events.recent(aim.db, 2)] == ["route.removed", "route.changed"]
    with pytest.raises(Problem, match="No provider account serves the model 'fast'"):
        aim.order("fast")


def test_an_account_that_is_removed_leaves_its_routes(aim: Range) -> None:
    aim.account("One")
    aim.account("Two")
    aim.route("One", "Two")
    providers.remove(aim.db, SYSTEM, "One")
    assert aim.order() == ["Two"]
    providers.remove(aim.db, SYSTEM, "Two")
    with pytest.raises(Problem, match="The route house has nowhere to send this: it has no target"):
        aim.order()


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewRoute("a/b", [NewTarget("One", "m")]), "name"),
        (NewRoute("", [NewTarget("One", "m")]), "name"),
        (NewRoute("r", [NewTarget("One", "m")], "hopeful"), "strategy"),
        (NewRoute("r", []), "targets"),
        (NewRoute("r", [NewTarget("Nobody", "m")]), "targets"),
        (NewRoute("r", [NewTarget("One", " ")]), "targets"),
        (NewRoute("r", [NewTarget("One", "m", 0)]), "targets"),
        (NewRoute("r", [NewTarget("One", "m"), NewTarget("One", "m")]), "targets"),
    ],
)
def test_a_bad_route_names_its_field_and_leaves_nothing(aim: Range, new: NewRoute, field: str) -> None:
    aim.account("One")
    with pytest.raises(Problem) as refused:
        routes.create(aim.db, SYSTEM, new)
    assert list(refused.value.errors) == [field] and routes.every(aim.db) == []


def test_a_name_is_given_to_one_route(aim: Range) -> None:
    aim.account("One")
    aim.route("One")
    with pytest.raises(Problem) as refused:
        aim.route("One")
    assert refused.value.code == "duplicate"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (ProviderChange(weight=0), "weight"),
        (ProviderChange(facts={"m": Facts(context=0)}), "facts"),
        (ProviderChange(billing="barter"), "billing"),
    ],
)
def test_a_bad_weight_size_or_billing_names_its_field(aim: Range, change: ProviderChange, field: str) -> None:
    made = aim.account("One")
    with pytest.raises(Problem) as refused:
        providers.change(aim.db, SYSTEM, aim.world.vault, made.id, change)
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost:1234/v1", True),
        ("http://10.1.2.3/v1", True),
        ("http://[::1]:8000/v1", True),
        ("https://8.8.8.8/v1", False),
        ("https://models.example/v1", False),
    ],
)
def test_an_address_that_says_it_is_private_opens_the_switch_for_an_owner(world: World, url: str, inside: bool) -> None:
    new = NewProvider("Lab", "openai-compatible", url)
    with world.db() as db:
        if inside:
            with pytest.raises(Problem, match="This needs the role owner"):
                providers.add(db, ADMIN, world.vault, new)
        made = providers.add(db, world.alice.actor if inside else ADMIN, world.vault, new)
        assert made.private is inside
        closed = providers.change(db, ADMIN, world.vault, "Lab", ProviderChange(private=False))
        assert closed.private is False
        with pytest.raises(Problem, match="This needs the role owner"):
            providers.change(db, ADMIN, world.vault, "Lab", ProviderChange(private=True))
        assert providers.change(db, world.alice.actor, world.vault, "Lab", ProviderChange(private=True)).private


def test_the_switch_is_for_one_address_and_closes_when_the_account_moves(world: World) -> None:
    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, NewProvider("Lab", "openai-compatible", "http://127.0.0.1:9"))
        with pytest.raises(Problem, match="This needs the role owner"):
            providers.change(db, ADMIN, world.vault, "Lab", ProviderChange(base_url="http://10.0.0.1"))
        moved = providers.change(db, ADMIN, world.vault, "Lab", ProviderChange(base_url="http://models.example"))
        assert moved.private is False
