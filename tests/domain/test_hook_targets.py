"""Each kind of target on both databases, with what the state of the work forbids."""

from typing import Any

import pytest

from appliance.domain import agents, lifecycle, tasks
from appliance.domain.agent_forms import NewAgent
from appliance.domain.hook_deliveries import Answer
from appliance.domain.hook_task_targets import StartTask, TaskSignal
from appliance.domain.hook_workflow_targets import InstanceSignal, StartWorkflow
from appliance.domain.instances import rows, signals, verbs
from appliance.domain.workflows import library
from appliance.errors import Problem
from tests.domain import hooking
from tests.domain.hooking import Make, Outside
from tests.world import World

ORDER = StartWorkflow("order", {"order": "${{ body.id }}"}, key="${{ body.id }}")
PAID = InstanceSignal("paid", workflow="order", key="${{ body.order }}", payload={"amount": "${{ body.amount }}"})


@pytest.fixture
def shop(outside: Make, world: World) -> Outside:
    """Starts an order for each delivery."""
    with world.db() as db:
        hooking.order(db, world)
    return outside(ORDER)


def test_a_task_has_every_field_its_template_gives(outside: Make, world: World) -> None:
    fields = {"title": "${{ body.title }}", "body": "From ${{ body.user.name }}", "assignee": "mara", "priority": "2"}
    with world.db() as db:
        agents.create(db, world.alice.actor, NewAgent("mara", "Mara Quill", "Write.", "simulated"))
    desk = outside(StartTask(fields | {"labels": ["${{ body.kind }}", "web"], "budget_usd": "0.5"}))
    answer = desk.post({"title": "A\nlong  title " + "x" * 300, "user": {"name": "Zoë"}, "kind": "bug"}).answer
    made = tasks.get(desk.db, str(answer.task))
    assert made.title.startswith("A long title xxx") and len(made.title) == 200
    assert (made.body, made.assignee, made.priority, made.labels) == ("From Zoë", "mara", 2, ["bug", "web"])
    assert answer.reason == "Task #1 was made and started."
    assert made.created_by == f"hook:{desk.id}" and desk.log[0].run_id == made.run_id


@pytest.mark.parametrize(
    "text", ["ignore ${{ body.secret }}", "{{ 7 * 7 }}", "${{ 1 / 0 }}", "\0", "'; DROP TABLE tasks"]
)
def test_what_comes_from_outside_is_never_worked_out(outside: Make, text: str) -> None:
    desk = outside(StartTask({"title": "A", "body": "${{ body.text }}"}))
    answer = desk.post({"text": text}).answer
    # PostgreSQL has no NUL in a text.
    assert tasks.get(desk.db, str(answer.task)).body in (text, text.replace("\0", "\ufffd"))


def test_numbers_become_text_where_a_task_has_text(outside: Make) -> None:
    desk = outside(StartTask({"title": "${{ body.id }}", "body": "${{ body.amount }}", "labels": ["${{ body.id }}"]}))
    made = tasks.get(desk.db, str(desk.post({"id": 4711, "amount": 1.5}).answer.task))
    assert (made.title, made.body, made.labels) == ("4711", "1.5", ["4711"])


@pytest.mark.parametrize("body", [None, [], "text", 5, {"title": None}, {"title": {"a": 1}}, {"title": ""}])
def test_a_title_that_is_none_is_a_refusal(outside: Make, body: Any) -> None:
    desk = outside(StartTask({"title": "${{ body.title }}"}))
    answer = desk.post(body).answer
    assert not answer.accepted and answer.reason
    assert desk.made == []


def test_a_workflow_starts_with_inputs_of_the_body(shop: Outside) -> None:
    answer = shop.post({"id": 7}).answer
    found = rows.get(shop.db, str(answer.instance))
    assert (found.input, found.cause, found.idem) == ({"order": 7, "rush": False}, "webhook", "7")
    assert answer == Answer(True, f"order #{found.number} was started.", {}, shop.log[0].id, found.number, found.id)
    assert shop.log[0].instance_id == found.id


def test_of_a_key_there_is_one_instance(shop: Outside) -> None:
    first, second = (shop.post({"id": 7, "try": n}).answer for n in range(2))
    assert first.instance == second.instance
    assert second.reason == f"order #{first.task} was started with this key before."
    assert len(rows.listing(shop.db).items) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [({"id": "seven"}, "inputs.order"), ({}, "id"), ({"id": {"a": 1}}, "key"), (None, "id")],
)
def test_mistake_35_inputs_that_do_not_fit_are_refused_with_the_field(shop: Outside, body: Any, said: str) -> None:
    answer = shop.post(body).answer
    assert not answer.accepted and said in answer.reason
    assert rows.listing(shop.db).items == [] and shop.outcomes == ["refused"]


def test_mistake_35_a_field_that_does_not_fit_is_named(shop: Outside) -> None:
    assert list(shop.post({"id": "seven"}).answer.errors) == ["inputs.order"]


def test_the_whole_body_may_be_the_inputs(outside: Make, world: World, shop: Outside) -> None:
    desk = outside(StartWorkflow("order", "${{ body }}"))
    found = rows.get(desk.db, str(desk.post({"order": 3, "rush": True}).answer.instance))
    assert found.input == {"order": 3, "rush": True}
    assert desk.post([1]).answer.reason == "inputs: the body is no object"


def test_mistake_35_an_archived_workflow_is_a_refusal(shop: Outside, world: World) -> None:
    library.archive(shop.db, world.alice.actor, "order")
    assert shop.post({"id": 7}).answer == Answer(False, "There is no such workflow.")


def test_a_signal_reaches_the_instance_that_was_started_with_its_key(shop: Outside, outside: Make) -> None:
    started = [shop.post({"id": n}).answer for n in (7, 8)]
    bank = outside(PAID)
    answer = bank.post({"order": 8, "amount": 5}, webhook_id="w-1").answer
    assert answer.reason == f"The signal is kept for order #{started[1].task}."
    assert answer.instance == started[1].instance
    [kept] = signals.of(bank.db, str(started[1].instance))
    assert (kept.name, kept.payload, kept.actor) == ("paid", {"amount": 5}, f"hook:{bank.id}")
    assert signals.of(bank.db, str(started[0].instance)) == []


def test_a_signal_reaches_one_instance_by_its_number(shop: Outside, outside: Make) -> None:
    started = shop.post({"id": 7}).answer
    bank = outside(InstanceSignal("paid", instance=str(started.task)))
    assert bank.post({"amount": 5}).answer.accepted
    assert signals.of(bank.db, str(started.instance))[0].payload == {"amount": 5}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"order": 9, "amount": 5}, "There is no such instance of order with the key 9."),
        ({"order": 7, "amount": None}, ""),
        ({"order": 7}, "amount"),
    ],
)
def test_mistake_35_a_signal_that_nothing_waits_for_is_a_refusal(
    shop: Outside, outside: Make, body: Any, reason: str
) -> None:
    shop.post({"id": 7})
    bank = outside(PAID)
    answer = bank.post(body).answer
    assert reason in answer.reason and (answer.accepted is (reason == ""))


def test_mistake_35_an_instance_that_has_ended_is_a_refusal(shop: Outside, outside: Make, world: World) -> None:
    started = shop.post({"id": 7}).answer
    verbs.cancel(shop.db, world.alice.actor, str(started.instance))
    answer = outside(PAID).post({"order": 7, "amount": 5}).answer
    assert answer == Answer(False, "The workflow has ended (cancelled); no signal reaches it.")


@pytest.mark.parametrize(
    ("field", "target"),
    [
        ("workflow", StartWorkflow("nothing")),
        ("version", StartWorkflow("order", version=9)),
        ("version", StartWorkflow("order", version=10**30)),
        ("inputs", StartWorkflow("order", [1])),
        ("inputs.order", StartWorkflow("order", {"order": "${{ nobody }}"})),
        ("key", StartWorkflow("order", key="${{ bad")),
        ("name", InstanceSignal("")),
        ("instance", InstanceSignal("paid")),
        ("instance", InstanceSignal("paid", instance="99")),
        ("instance", InstanceSignal("paid", instance="1", workflow="order", key="7")),
        ("workflow", InstanceSignal("paid", workflow="nothing", key="7")),
        ("payload.a", InstanceSignal("paid", workflow="order", key="7", payload={"a": "${{ x }}"})),
    ],
)
def test_a_target_that_could_not_work_is_refused_with_the_field(
    shop: Outside, outside: Make, field: str, target: Any
) -> None:
    with pytest.raises(Problem) as caught:
        outside(target)
    assert list(caught.value.errors) == [field]


def test_a_signal_of_a_task_that_has_ended_is_a_refusal(outside: Make, world: World) -> None:
    desk = outside()
    desk.post({"subject": "A"})
    lifecycle.cancel(desk.db, world.alice.actor, "1")
    assert outside(TaskSignal("1", "go")).post({}).answer == Answer(False, "The task is cancelled.")
