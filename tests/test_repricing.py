"""Past calls priced anew: at their own time, never without a row that says so, never over what a provider reported."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from appliance import clock
from appliance.calls import repricing
from appliance.calls.repricing import Repriced
from appliance.db.database import Database
from appliance.domain import adjustments, budgets, events, ledger, prices, providers, scopes, spent, tasks
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.analytics import rollups, summaries, usage
from appliance.domain.ledger import Attempt, Opening, Portion
from appliance.domain.price_forms import NewPrice, UnitPrices
from appliance.domain.provider_forms import NewProvider
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.world import World

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = "2026-11-23"
ALICE = Actor("member", "a", "Alice", "owner")


def lab(db: Database, world: World, billing: str = "metered") -> str:
    new = NewProvider(
        f"Lab {billing}", "openai-compatible", "http://lab.test", "sk-0123456789", ["lab-7b"], billing=billing
    )
    return providers.add(db, SYSTEM, world.vault, new).id


def used(provider_id: str, **more: object) -> Attempt:
    given = {"input_total": 1000, "output_total": 100, "started_at": clock.iso(NOON), "cost_source": "unpriced"}
    return Attempt(provider_id, "lab-7b", **given | more)  # type: ignore[arg-type]


def book(db: Database, attempt: Attempt, task_id: str | None = None) -> str:
    with clock.frozen(NOON):
        found = scopes.of(db, provider_id=attempt.provider_id, task_id=task_id)
        opening = Opening(attempt.provider_id, "lab-7b", False, 1_000, "me", found, task_id=task_id)
        call_id = ledger.open_call(db, opening)
        with db.transaction():
            cost = ledger.settle(db, call_id, [attempt])
            db.execute("UPDATE tasks SET cost_nano = cost_nano + :c WHERE id = :id", {"c": cost, "id": task_id})
        return call_id


def set_price(db: Database, usd: str, starts: str = "", model: str = "lab-7b") -> None:
    prices.put(db, SYSTEM, NewPrice(model, UnitPrices(Decimal(usd), Decimal(usd)), starts))


def run(world: World, db: Database, apply: bool = True) -> Repriced:
    return repricing.reprice(world.calls.accounts, db, ALICE, DAY, DAY, apply)


def test_a_dry_run_counts_and_changes_nothing(world: World) -> None:
    with world.db() as db:
        call_id = book(db, used(lab(db, world)))
        assert run(world, db, apply=False).unpriced == 1
        set_price(db, "2")
        told = run(world, db, apply=False)
        assert (told.changed, told.priced, told.unpriced, told.applied) == (1, 1, 0, False)
        assert (told.before_nano, told.after_nano) == (0, 2_200_000)
        assert [(line.model, line.attempts) for line in told.models] == [("lab-7b", 1)]
        assert ledger.call(db, call_id).cost_nano is None
        assert adjustments.of(db, call_id) == []


def test_what_had_no_price_gets_one_everywhere_it_is_counted(world: World) -> None:
    with world.db() as db, clock.frozen(NOON):
        budgets.put(db, SYSTEM, "tenant", "", "month", 10**12)
        task = tasks.create(db, SYSTEM, NewTask("Work")).id
        call_id = book(db, used(lab(db, world)), task)
        assert budgets.all(db)[0].spent_nano == 1_000, "the estimate, until there is a price"
        set_price(db, "2")
        run(world, db)
        call = ledger.call(db, call_id)
        assert (call.cost_nano, call.cost_source) == (2_200_000, "override")
        assert tasks.get(db, task).cost_nano == 2_200_000
        assert budgets.all(db)[0].spent_nano == 2_200_000
        for span, starts in (("day", f"{DAY}T00:00:00.000000Z"), ("lifetime", "")):
            kept = "SELECT scope, scope_id, span, starts, settled_nano FROM spent WHERE span = :span AND starts = :at"
            rows = db.rows(f"{kept} ORDER BY scope, scope_id", {"span": span, "at": starts})
            assert rows == spent.from_ledger(db, span, starts)
        assert usage.total(db, DAY, DAY).cost_nano == 2_200_000
        (row,) = adjustments.of(db, call_id)
        assert (row.before_nano, row.after_nano, row.what, row.actor) == (None, 2_200_000, "cost", ALICE.label)
        assert row.version.startswith("override ")
        event = next(event for event in events.recent(db) if event.kind == "price.adjusted")
        assert (event.data["before_nano"], event.data["after_nano"]) == (0, 2_200_000)
        (attempt,) = ledger.attempts(db, call_id)
        assert sum(part.cost_nano for part in ledger.parts(attempt)) == 2_200_000


def test_what_is_added_up_follows_the_new_price(world: World) -> None:
    with world.db() as db:
        book(db, used(lab(db, world)))
        rollups.roll(db, "2026-11-24T00:00:00Z")
        assert usage.total(db, DAY, DAY).unpriced == 1
        set_price(db, "2")
        run(world, db)
        found = usage.total(db, DAY, DAY)
        assert (found.unpriced, found.cost_nano) == (0, 2_200_000)
        assert rollups.wrong_hours(db) == []
        assert db.value("SELECT COUNT(*) AS n FROM usage_stale") == 1, "savings are compared anew"


@pytest.mark.parametrize("rolled", [True, False], ids=["added up", "not yet"])
def test_the_very_next_summary_has_the_new_price(world: World, rolled: bool) -> None:
    with world.db() as db, world.db() as reader:
        provider_id = lab(db, world)
        book(db, used(provider_id))
        book(db, used(provider_id, cost_nano=50, cost_source="reported", reported_nano=50))
        if rolled:
            rollups.roll(db, "2026-11-24T00:00:00Z")
        for usd, nano in (("2", 2_200_050), ("3", 3_300_050)):
            before = summaries.summary(reader, DAY, DAY)
            set_price(db, usd)
            run(world, db)
            found = summaries.summary(reader, DAY, DAY)
            assert (found.total.cost_nano, found.total.unpriced) == (nano, 0) != before.total.cost_nano
            assert sum(line.cost_nano for line in found.priced) == nano
            for by in usage.BY:
                assert usage.summed(usage.breakdown(reader, by, DAY, DAY)) == found.total, by
            assert usage.total(reader, DAY, DAY, {"model": "lab-7b"}) == found.total


def test_each_call_takes_the_price_of_its_own_time(world: World) -> None:
    with world.db() as db:
        call_id = book(db, used(lab(db, world)))
        set_price(db, "2")
        set_price(db, "9", starts="2026-11-24")
        run(world, db)
        assert ledger.call(db, call_id).cost_nano == 2_200_000


def test_a_second_run_finds_nothing_to_do(world: World) -> None:
    with world.db() as db:
        call_id = book(db, used(lab(db, world)))
        set_price(db, "2")
        assert run(world, db).changed == 1
        assert run(world, db).changed == 0
        set_price(db, "1")
        told = run(world, db)
        assert (told.changed, told.priced, told.before_nano, told.after_nano) == (1, 0, 2_200_000, 1_100_000)
        assert [row.after_nano for row in adjustments.of(db, call_id)] == [2_200_000, 1_100_000]


@pytest.mark.parametrize(
    "kept",
    [
        {"cost_nano": 77, "cost_source": "reported", "reported_nano": 77},
        {"cost_nano": 0, "cost_source": "none"},
        {"cost_nano": 1_000, "cost_source": "estimated", "input_total": 0, "output_total": 0},
        {"cost_nano": 5, "cost_source": "simulated"},
    ],
    ids=["reported", "refused", "lost", "simulated"],
)
def test_what_no_price_list_made_is_never_replaced(world: World, kept: dict[str, object]) -> None:
    with world.db() as db:
        call_id = book(db, used(lab(db, world), **kept))
        set_price(db, "2")
        assert run(world, db).changed == 0
        assert ledger.call(db, call_id).cost_nano == kept["cost_nano"]


def test_what_had_a_price_never_loses_it(world: World) -> None:
    with world.db() as db:
        call_id = book(db, used(lab(db, world), cost_nano=50, cost_source="override", price_version="override gone"))
        assert run(world, db).changed == 0
        assert ledger.call(db, call_id).cost_nano == 50


def test_an_estimate_stays_one_at_its_new_price(world: World) -> None:
    with world.db() as db:
        guess = used(lab(db, world), cost_nano=50, cost_source="estimated", price_version="old", note="Guessed.")
        call_id = book(db, guess)
        set_price(db, "2")
        run(world, db)
        (row,) = ledger.attempts(db, call_id)
        assert (row.cost_nano, row.cost_source, row.note) == (2_200_000, "estimated", "Guessed.")


@pytest.mark.parametrize("billing", ["flat", "local"])
def test_where_nobody_pays_only_the_list_price_changes(world: World, billing: str) -> None:
    with world.db() as db:
        call_id = book(db, used(lab(db, world, billing), cost_nano=0, cost_source=billing))
        set_price(db, "2")
        told = run(world, db)
        assert (told.changed, told.imputed) == (0, 1)
        call = ledger.call(db, call_id)
        assert (call.cost_nano, call.imputed_nano, call.cost_source) == (0, 2_200_000, billing)
        assert [row.what for row in adjustments.of(db, call_id)] == ["imputed"]


def test_each_model_of_a_shared_answer_keeps_its_own_price(world: World) -> None:
    with world.db() as db:
        shares = [Portion("other", 400), Portion("", 600, output_total=100)]
        call_id = book(db, used(lab(db, world), shares=shares))
        set_price(db, "2")
        set_price(db, "10", model="other")
        run(world, db)
        assert ledger.call(db, call_id).cost_nano == 4_000_000 + 1_400_000


def test_a_day_outside_and_an_account_that_is_gone_stay_as_they_are(world: World) -> None:
    with world.db() as db:
        set_price(db, "2")
        book(db, used("p-gone"))
        kept = book(db, used(lab(db, world)))
        told = repricing.reprice(world.calls.accounts, db, ALICE, "2026-11-24", "2026-11-30", True)
        assert told.checked == 0
        assert ledger.call(db, kept).cost_nano is None
        assert run(world, db).changed == 1


def test_of_two_at_once_one_changes_a_call(world: World) -> None:
    with world.db() as db:
        call_id = book(db, used(lab(db, world)))
        call = ledger.call(db, call_id)
        row = db.rows("SELECT id, provider_id FROM attempts")[0]
        columns = {"cost_nano": 9, "cost_source": "override"}
        change = adjustments.Change(call, row["id"], row["provider_id"], "lab-7b", "cost", None, 9, "v", columns)
        assert len(adjustments.apply(db, ALICE, [change], "Twice")) == 1
        assert adjustments.apply(db, ALICE, [change], "Twice") == []
        assert len(adjustments.of(db, call_id)) == 1


def test_a_request_takes_only_so_many_and_only_from_those_who_configure(world: World) -> None:
    with world.db() as db:
        book(db, used(lab(db, world)))
        with pytest.raises(Problem) as refused:
            repricing.reprice(world.calls.accounts, db, ALICE, DAY, DAY, True, most=0)
        assert "from" in refused.value.errors
        with pytest.raises(Problem):
            repricing.reprice(world.calls.accounts, db, msgspec.structs.replace(ALICE, role="operator"), DAY, DAY, True)
