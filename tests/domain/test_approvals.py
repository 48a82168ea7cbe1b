"""What needs a person's yes: bound to its payload, used once, and never given by silence."""

from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain import approvals, decisions, runs
from appliance.domain.approvals import Ask, Option
from appliance.errors import Problem
from tests.domain.asking import Desk, payload, sit_down
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def desk(world: World, db: Database) -> Desk:
    return sit_down(world, db)


def test_asking_again_for_the_same_is_one_approval(desk: Desk) -> None:
    first = desk.ask(estimate_nano=5)
    assert desk.ask(estimate_nano=5).id == first.id
    assert (first.state, first.requested_name, first.task_number, first.agent_name) == ("pending", "Mara", 1, "Mara")
    assert desk.told() == ["requested"]


@pytest.mark.parametrize(
    "changed",
    [{"payload": payload(text="Dear all")}, {"estimate_nano": 1}, {"policy_version": 2}],
    ids=["arguments", "estimate", "policy"],
)
def test_another_payload_supersedes(world: World, desk: Desk, changed: dict[str, object]) -> None:
    first = desk.ask()
    decisions.decide(desk.db, world.otto.actor, first.id, "approve")
    second = desk.ask(**changed)
    old = approvals.get(desk.db, first.id)
    assert (old.state, old.superseded_by, second.state) == ("superseded", second.id, "pending")
    assert not approvals.consume(desk.db, first.id, first.digest)
    assert desk.told() == ["requested", "approved", "superseded", "requested"]


def test_the_digest_is_of_the_canonical_payload() -> None:
    ordered = approvals.digest("t", {"a": 1, "b": {"c": 2, "d": 3}}, "x", 5, 1)
    assert ordered == approvals.digest("t", {"b": {"d": 3, "c": 2}, "a": 1}, "x", 5, 1)
    assert (
        ordered
        == Ask(
            "action",
            "T",
            payload={"target": "x", "arguments": {"b": {"d": 3, "c": 2}, "a": 1}, "tool": "t"},
            estimate_nano=5,
        ).digest
    )
    others = [("t2", {}, "", 0, 1), ("t", {"a": 1}, "", 0, 1), ("t", {}, "y", 0, 1), ("t", {}, "", 0, 2)]
    assert len({approvals.digest(*parts) for parts in others}) == 4


def test_consuming_needs_the_approved_digest(world: World, desk: Desk) -> None:
    asked = desk.ask()
    assert not approvals.consume(desk.db, asked.id, asked.digest)
    decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    assert not approvals.consume(desk.db, asked.id, "another")
    assert approvals.consume(desk.db, asked.id, asked.digest)
    assert approvals.get(desk.db, asked.id).state == "consumed"


def test_mistake_25_an_approval_is_not_executed_twice(world: World, desk: Desk) -> None:
    asked = desk.ask()
    decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    assert [approvals.consume(desk.db, asked.id, asked.digest) for _ in range(3)] == [True, False, False]
    decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    assert not approvals.consume(desk.db, asked.id, asked.digest)
    assert desk.told() == ["requested", "approved", "consumed"]


def test_mistake_25_an_approval_is_not_executed_after_expiry(world: World, desk: Desk) -> None:
    asked = desk.ask(expires_s=60)
    decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    desk.later(61)
    assert not approvals.consume(desk.db, asked.id, asked.digest)
    assert approvals.sweep(desk.db) == 1
    assert approvals.get(desk.db, asked.id).state == "expired"
    assert not approvals.consume(desk.db, asked.id, asked.digest)


def test_mistake_25_an_approval_is_not_duplicated(world: World, desk: Desk) -> None:
    asked = [desk.ask() for _ in range(3)]
    decisions.decide(desk.db, world.otto.actor, asked[0].id, "approve")
    assert {desk.ask().id for _ in range(3)} == {asked[0].id}
    assert len(approvals.of_run(desk.db, desk.run.id)) == 1


def test_a_use_that_rolls_back_leaves_the_approval(world: World, desk: Desk) -> None:
    asked = desk.ask()
    decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    with pytest.raises(ZeroDivisionError), desk.db.transaction():
        assert approvals.consume(desk.db, asked.id, asked.digest)
        raise ZeroDivisionError
    assert approvals.consume(desk.db, asked.id, asked.digest)


def test_nobody_in_time_rejects_and_wakes_the_run(world: World, desk: Desk) -> None:
    asked = desk.ask(expires_s=60)
    desk.waits()
    assert approvals.sweep(desk.db) == 0
    desk.later(61)
    with pytest.raises(Problem, match="has expired"):
        decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    assert approvals.sweep(desk.db) == 1
    found = approvals.get(desk.db, asked.id)
    assert (found.state, found.verdict, found.decided_by, desk.state()) == ("expired", "", None, "ready")
    assert approvals.sweep(desk.db) == 0


def test_a_question_may_have_a_default_answer(desk: Desk) -> None:
    options = [Option("red", "Red"), Option("blue", "Blue")]
    asked = desk.ask("question", title="Which?", options=options, on_expiry="blue", expires_s=60)
    desk.waits("input")
    desk.later(61)
    assert approvals.sweep(desk.db) == 1
    found = approvals.get(desk.db, asked.id)
    assert (found.state, found.answer, desk.state()) == ("approved", "blue", "ready")
    assert desk.told() == ["requested", "expired", "answered"]
    assert approvals.consume(desk.db, asked.id, asked.digest)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("action", {}),
        ("budget", {}),
        ("breaker", {}),
        ("in_doubt", {}),
        ("question", {"estimate_nano": 1}),
        ("question", {"options": [Option("no", "No")]}),
    ],
)
def test_silence_approves_nothing(desk: Desk, kind: str, more: dict[str, object]) -> None:
    with pytest.raises(Problem) as refused:
        desk.ask(kind, on_expiry="approve", **more)
    assert list(refused.value.errors) == ["on_expiry"]


def test_an_action_shows_all_that_is_digested(desk: Desk) -> None:
    with pytest.raises(Problem, match="nothing else"):
        desk.ask(payload=payload() | {"hidden": 1})


def test_reminders_repeat_and_are_counted(desk: Desk) -> None:
    asked = desk.ask(remind_s=60)
    for count in (1, 2):
        assert approvals.sweep(desk.db) == 0
        desk.later(500)
        assert approvals.sweep(desk.db) == 1
        assert approvals.get(desk.db, asked.id).reminders == count


def test_escalation_hands_it_to_the_backup_once(desk: Desk) -> None:
    asked = desk.ask(assigned_to="member:otto", backup_to="member:alice", escalate_s=60)
    desk.later(61)
    assert [approvals.sweep(desk.db), approvals.sweep(desk.db)] == [1, 0]
    found = approvals.get(desk.db, asked.id)
    assert (found.assigned_to, bool(found.escalated_at), found.state) == ("member:alice", True, "pending")
    assert desk.told() == ["requested", "escalated"]


def test_clocks_stop_when_it_is_decided(world: World, desk: Desk) -> None:
    asked = desk.ask(remind_s=60, escalate_s=60)
    decisions.decide(desk.db, world.otto.actor, asked.id, "reject")
    desk.later(61)
    assert approvals.sweep(desk.db) == 0


def test_a_run_that_ends_takes_its_questions_back(world: World, desk: Desk) -> None:
    asked = desk.ask()
    with desk.db.transaction():
        runs.end(desk.db, desk.run, "failed")
    assert approvals.get(desk.db, asked.id).state == "withdrawn"
    with pytest.raises(Problem, match="its run has ended"):
        decisions.decide(desk.db, world.otto.actor, asked.id, "approve")


def test_a_cancelled_waiting_run_takes_its_approval_back(world: World, desk: Desk) -> None:
    asked = desk.ask()
    decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    desk.waits()
    with desk.db.transaction():
        runs.request_cancel(desk.db, world.otto.actor, desk.run.id)
    assert approvals.get(desk.db, asked.id).state == "withdrawn"
    assert not approvals.consume(desk.db, asked.id, asked.digest)


def test_mistake_17_waiting_for_a_person_is_no_lost_run(desk: Desk) -> None:
    desk.ask()
    desk.waits()
    assert runs.release(desk.db, "lease_owner <> :owner", {"owner": "next"}) == 0
    assert (runs.release_expired(desk.db), runs.wake_due(desk.db), approvals.sweep(desk.db)) == (0, 0, 0)
    found = runs.get(desk.db, desk.run.id)
    assert (found.state, found.reason, found.claims_without_progress) == ("waiting", "approval", 0)


def test_lists_are_paged_and_filtered(world: World, desk: Desk) -> None:
    asked = [desk.ask(step_key=f"tool#{n}") for n in range(5)]
    decisions.decide(desk.db, world.otto.actor, asked[0].id, "reject")
    page = approvals.listing(desk.db, limit=3)
    assert [one.id for one in page.items] == [one.id for one in asked[:1:-1]]
    assert page.next_cursor
    rest = approvals.listing(desk.db, limit=3, cursor=page.next_cursor)
    assert ([one.id for one in rest.items], rest.next_cursor) == ([asked[1].id], None)
    assert [one.id for one in approvals.listing(desk.db, "rejected").items] == [asked[0].id]
    assert len(approvals.listing(desk.db, "", "action").items) == 5
    assert len(approvals.of_task(desk.db, desk.task.id, "pending")) == 4
    with pytest.raises(Problem, match="take one of"):
        approvals.listing(desk.db, "open")
