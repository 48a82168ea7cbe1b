"""What a call says of itself: who asked and how, for which kind of work, how it went, how sure its cost is."""

import pytest

from appliance.db.database import Database
from appliance.domain import error_types, ledger, scopes, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.ledger import Attempt, Call, CallFilter, Ended, Opening
from appliance.domain.task_forms import NewTask
from appliance.gateway.failures import FAILURES
from tests.domain.spending import TENANT
from tests.world import World

OUTSIDE = Opening(
    "p",
    "m-2026",
    False,
    0,
    "me",
    TENANT,
    surface="messages",
    protocol="chat",
    asked_model="fast",
    session_id="s-1",
    key_id="k-1",
    needs=frozenset({"vision", "tools"}),
    streamed=True,
)


def ended(db: Database, attempts: list[Attempt], failure_code: str = "", **more: object) -> Call:
    call_id = ledger.open_call(db, Opening("p", "m", False, 0, "me", TENANT))
    with db.transaction():
        ledger.settle_all(db, [Ended(call_id, attempts, failure_code, **more)])  # type: ignore[arg-type]
    return ledger.call(db, call_id)


def for_task(db: Database, task_id: str, **more: object) -> Call:
    at = scopes.of(db, provider_id="p", task_id=task_id)
    opening = Opening("p", "m", False, 0, "me", at, task_id=task_id, **more)  # type: ignore[arg-type]
    return ledger.call(db, ledger.open_call(db, opening))


def test_a_call_of_a_tool_outside_says_how_it_came(world: World) -> None:
    with world.db() as db:
        call = ledger.call(db, ledger.open_call(db, OUTSIDE))
    assert (call.surface, call.protocol, call.asked_model, call.model) == ("messages", "chat", "fast", "m-2026")
    assert (call.session_id, call.key_id, call.needs, call.streamed) == ("s-1", "k-1", "tools,vision", True)
    assert (call.task_kind, call.project) == ("", "")


def test_the_kind_of_work_is_the_tasks_first_label(world: World) -> None:
    with world.db() as db:
        task = tasks.create(db, SYSTEM, NewTask("Write", labels=["research", "urgent"]))
        assert for_task(db, task.id).task_kind == "research"
        assert for_task(db, task.id, task_kind="given").task_kind == "given"
        assert for_task(db, tasks.create(db, SYSTEM, NewTask("Plain")).id).task_kind == ""


def test_without_a_label_it_is_the_workflow(world: World) -> None:
    with world.db() as db:
        whole, step = (tasks.create(db, SYSTEM, NewTask(title)).id for title in ("Whole", "Step"))
        at = {"created_at": "2026", "updated_at": "2026"}
        db.insert("workflows", {"id": "w", "slug": "w", "name": "Release", "description": "", "version": 1, **at})
        about = {"id": "i", "workflow_id": "w", "version": 1, "task_id": whole, "state": "running", "input": "{}"}
        db.insert("instances", {**about, "cause": "manual", "created_by": "t", **at})
        node = {"instance_id": "i", "path": "a", "scope": "", "step_id": "a", "kind": "agent", "state": "running"}
        db.insert("nodes", {**node, "attempt": 1, "ord": 1, "task_id": step, "input": "{}", "started_at": "2026"})
        assert [for_task(db, id_).task_kind for id_ in (whole, step)] == ["Release", "Release"]


def test_the_project_is_the_nearest_above(world: World) -> None:
    with world.db() as db:
        top = tasks.create(db, SYSTEM, NewTask("Top")).id
        below = tasks.create(db, SYSTEM, NewTask("Below", parent_id=top)).id
        db.update("tasks", {"id": top}, project="web")
        assert for_task(db, below).project == "web"


def test_a_settled_call_sums_up_its_attempts(world: World) -> None:
    cut = Attempt("p", "m", failure_code="stream_cut", cost_nano=1, cost_source="estimated", duration_ms=300)
    used = {"input_total": 90, "cache_write_5m": 20, "cache_write_1h": 5, "output_total": 50, "reasoning": 40}
    good = Attempt(
        "p", "m", cost_nano=0, cost_source="flat", imputed_nano=70, first_byte_ms=20, duration_ms=100, **used
    )
    with world.db() as db:
        call = ended(db, [cut, good])
    assert (call.imputed_nano, call.cost_source, call.cache_write, call.reasoning) == (70, "estimated", 25, 40)
    assert (call.first_byte_ms, call.duration_ms, call.error_type) == (320, 400, "")


def test_what_the_asker_saw_of_the_time_beats_the_sum(world: World) -> None:
    with world.db() as db:
        call = ended(db, [Attempt("p", "m", cost_nano=0, duration_ms=5)], first_byte_ms=9, duration_ms=80)
        assert (call.first_byte_ms, call.duration_ms) == (9, 80)
        unanswered = ended(db, [Attempt("p", "m", cost_nano=0, failure_code="provider_timeout", duration_ms=5)])
        assert (unanswered.first_byte_ms, unanswered.duration_ms) == (None, 5)


@pytest.mark.parametrize(
    ("sources", "weakest"),
    [
        (["reported"], "reported"),
        (["none", "catalogue"], "catalogue"),
        (["reported", "override"], "override"),
        (["override", "catalogue"], "catalogue"),
        (["catalogue", "estimated"], "estimated"),
        (["estimated", "unpriced"], "unpriced"),
        ([], ""),
    ],
)
def test_a_call_is_as_sure_as_the_least_sure_attempt(sources: list[str], weakest: str) -> None:
    assert ledger.source([Attempt("p", "m", cost_source=source) for source in sources]) == weakest


def test_every_failure_has_a_side_that_caused_it(world: World) -> None:
    assert set(FAILURES) <= set(error_types.BY_CODE)
    assert {kind.split("_")[0] for kind in error_types.BY_CODE.values()} == {"caller", "policy", "provider", "gateway"}
    with world.db() as db:
        assert ended(db, [], "provider_overloaded").error_type == "provider_overloaded"
        assert ended(db, [], "context_too_long").error_type == "caller_context"
        assert ended(db, [], "cancelled", error_type="policy_stopped").error_type == "policy_stopped"
        assert ended(db, [], "never heard of").error_type == "gateway_defect"


def test_an_attempt_keeps_what_the_price_was_made_of(world: World) -> None:
    given = Attempt("p", "m", status=200, tier="flex", units={"web_search": 2}, reported_nano=9, computed_nano=8)
    with world.db() as db:
        call = ended(db, [given, Attempt("p", "m", note="Priced by name.")])
        kept = ledger.attempts(db, call.id)
    assert kept == [given, Attempt("p", "m", note="Priced by name.")]


def test_many_calls_end_together_and_one_of_them_lost_stays_lost(world: World) -> None:
    with world.db() as db:
        made = [ledger.open_call(db, Opening("p", "m", False, 7, owner, TENANT)) for owner in ("me", "me", "gone")]
        assert ledger.settle_lost(db, ["gone"]) == 1
        with db.transaction():
            cost = ledger.settle_all(db, [Ended(id_, [Attempt("p", "m", cost_nano=30)]) for id_ in made])
        assert [cost[id_] for id_ in made] == [30, 30, 0]
        assert [(ledger.call(db, id_).state, ledger.call(db, id_).cost_nano) for id_ in made] == [
            ("ok", 30),
            ("ok", 30),
            ("lost", 7),
        ]
        assert [len(ledger.attempts(db, id_)) for id_ in made] == [1, 1, 1]


@pytest.mark.parametrize(
    "only",
    [
        CallFilter(key_id="k-1"),
        CallFilter(session_id="s-1"),
        CallFilter(surface="messages"),
        CallFilter(provider_id="p", state="open"),
    ],
)
def test_a_list_of_calls_is_narrowed_by_who_asked_and_where_it_went(world: World, only: CallFilter) -> None:
    with world.db() as db:
        wanted = ledger.open_call(db, OUTSIDE)
        other = ledger.open_call(db, Opening("q", "m", False, 0, "me", TENANT))
        with db.transaction():
            ledger.settle(db, other, [])
        assert [call.id for call in ledger.calls(db, only=only).items] == [wanted]
