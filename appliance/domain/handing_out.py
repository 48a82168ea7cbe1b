"""Handing out many tasks at once, as the steps of a workflow do: a few statements, whatever their number."""

from typing import Any, NamedTuple

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import budgets, events, queueing, records, wake_rows
from appliance.domain.actor import SYSTEM
from appliance.domain.checks import NewCheck

CHUNK = 200
REASON = "workflow"


class Order(msgspec.Struct, frozen=True):
    """A task to make and to start. `workspace_of` is the task whose folder of files it works in, None for its own.

    `agent` is the agent's revision and model where they are known already.
    """

    id: str
    title: str
    body: str
    agent_id: str
    parent_id: str
    workspace_of: str | None
    priority: int = 1
    labels: list[str] = []
    checks: list[NewCheck] = []
    budget_usd: str | None = None
    agent: Row | None = None


class Agent(msgspec.Struct, frozen=True):
    id: str
    agent_id: str
    priority: int


class Line(NamedTuple):
    """Of which chain of wakes the runs below a task are, and how deep in it."""

    chain: str
    depth: int


def hand_out(db: Database, orders: list[Order], lines: dict[str, Line]) -> None:
    """Make the tasks, each with a run, in the open transaction. The agents have to be there.

    Their runs are of the line of their parent. No breaker holds them: what a definition asks for is finite.
    """
    for start in range(0, len(orders), CHUNK):
        _hand_out(db, orders[start : start + CHUNK], lines)


def again(db: Database, task_id: str, chain: str, depth: int) -> None:
    """Another run of a step's task, in the open transaction; nothing while one is open."""
    row = db.one("SELECT id, agent_id, priority, run_id FROM tasks WHERE id = :id", {"id": task_id})
    if row is None or row["agent_id"] is None or queueing.is_open(db, task_id):
        return
    run_id = ids.new()
    queueing.enqueue(
        db,
        SYSTEM,
        Agent(row["id"], row["agent_id"], row["priority"]),
        cause_event=None,
        retry_of=row["run_id"],
        cause=REASON,
        run_id=run_id,
        chain=chain,
        depth=depth,
    )
    db.insert("wakes", _wake(row["id"], row["agent_id"], run_id, chain, depth, clock.iso()))


def _hand_out(db: Database, orders: list[Order], lines: dict[str, Line]) -> None:
    now, runs = clock.iso(), {order.id: ids.new() for order in orders}
    first = db.next_number("task", len(orders)) - len(orders) + 1
    db.insert_all("tasks", [_task(order, first + n, runs[order.id], now) for n, order in enumerate(orders)])
    checks = [_check(order, n, check) for order in orders for n, check in enumerate(order.checks, 1)]
    for start in range(0, len(checks), CHUNK):
        db.insert_all("checks", checks[start : start + CHUNK])
    for order in orders:
        if order.budget_usd is not None:
            limit = budgets.nano(order.budget_usd, "budget_usd")
            budgets.put(db, SYSTEM, "task", order.id, "lifetime", limit)
    about = [{"task_id": order.id, "agent_id": order.agent_id} for order in orders]
    events.record_all(db, SYSTEM, "task.created", about)
    agents = {order.agent_id: order.agent for order in orders}
    kept = {agent_id: queueing.agent(db, agent_id, found) for agent_id, found in agents.items()}
    same: Row = {"attempt": 1, "state": "ready", "ready_at": now, "created_at": now, "cause": REASON}
    same["lane"] = "background"
    made, wakes = [], []
    for o in orders:
        line = lines[o.parent_id]
        row: Row = {"id": runs[o.id], "task_id": o.id, "agent_id": o.agent_id, "priority": o.priority}
        made.append(row | same | kept[o.agent_id] | line._asdict())
        wakes.append(_wake(o.id, o.agent_id, runs[o.id], *line, now))
    db.insert_all("runs", made)
    db.insert_all("wakes", wakes)
    events.record_all(db, SYSTEM, "run.queued", [one | {"run_id": runs[one["task_id"]]} for one in about])


def _task(order: Order, number: int, run_id: str, now: str) -> Row:
    row: Row = {"id": order.id, "number": number, "title": order.title, "body": order.body, "state": "todo"}
    row |= {"agent_id": order.agent_id, "parent_id": order.parent_id, "workspace_of": order.workspace_of}
    row |= {"priority": order.priority, "labels": records.dump(order.labels), "run_id": run_id}
    return row | {"created_by": SYSTEM.label, "created_at": now, "updated_at": now}


def _check(order: Order, number: int, check: NewCheck) -> Row:
    row: Row = {"id": ids.new(), "task_id": order.id, "ord": number, "kind": check.kind, "state": "open"}
    return row | {"spec": records.dump(check.spec)}


def _wake(task_id: str, agent_id: str, run_id: str, chain: str, depth: int, now: str) -> Row:
    causes: list[dict[str, Any]] = [wake_rows.cause(REASON, None, "")]
    row: Row = {"id": ids.new(), "agent_id": agent_id, "task_id": task_id, "reason": REASON, "cause_event": None}
    row |= {"causes": records.dump(causes), "chain": chain, "depth": depth, "not_before": now, "state": "run"}
    return row | {"run_id": run_id, "created_at": now, "settled_at": now}
