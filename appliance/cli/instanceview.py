"""How an instance of a workflow reads in a terminal."""

from collections.abc import Sequence
from typing import Any

import msgspec

from appliance import clock
from appliance.cli.show import clip, duration, facts, money, table, words
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.rows import Instance
from appliance.domain.instances.shown import Work


def whole(found: Instance, bill: Work, steps: Sequence[Node], work: dict[str, Work]) -> str:
    head = facts(
        [
            (f"#{found.number}", found.title),
            ("State", words(found.state)),
            ("Workflow", f"{found.slug}, version {found.version}"),
            ("Cost", money(bill.cost_nano)),
            ("Took", duration(clock.seconds_between(found.created_at, found.finished_at or clock.iso()))),
            ("Failed", found.failed_path),
            ("Because", f"{found.failure_code}: {found.failure_detail}" if found.failure_code else ""),
        ]
    )
    rows = [_step_row(node, work.get(node.task_id or "")) for node in _by_block(steps)]
    heads = ("step", "kind", "state", "try", "task", "cost", "took", "note")
    body = table(heads, rows, "No step has begun.", right=("try", "cost", "took"))
    output = "" if found.output is None else f"\n\n{as_text(found.output)}"
    return f"{head}\n\n{body}{output}"


def _by_block(steps: Sequence[Node]) -> list[Node]:
    """In the order they started, each after the block it stands in."""
    began = {node.path: node.ord for node in steps}

    def place(node: Node) -> list[int]:
        ends = [n for n, sign in enumerate(node.path) if sign in "/["]
        return [began[name] for name in [*(node.path[:end] for end in ends), node.path] if name in began]

    return sorted(steps, key=place)


def step_line(node: Node, work: Work | None) -> str:
    """One change of a step, while it is followed."""
    cost = money(work.cost_nano) if work and work.cost_nano else ""
    took = _took(node) if node.finished_at else ""
    return f"  {words(node.state):<9}  {node.path:<24}  {cost:>8}  {took:>7}  {clip(_note(node), 60)}".rstrip()


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _step_row(node: Node, work: Work | None) -> tuple[object, ...]:
    task = f"#{work.number}" if work else ""
    cost = money(work.cost_nano) if work and work.cost_nano else ""
    return (node.path, node.kind, words(node.state), node.attempt, task, cost, _took(node), clip(_note(node), 50))


def _took(node: Node) -> str:
    return duration(clock.seconds_between(node.started_at, node.finished_at or clock.iso()))


def _note(node: Node) -> str:
    if node.failure_code:
        return f"{node.failure_code}: {node.failure_detail}"
    if node.kind == "map" and node.data.get("total"):
        return f"{node.data.get('done', 0)} of {node.data['total']} done"
    if node.state == "waiting":
        return {"approval": "agenthq approval list", "wait": node.wait_key}.get(node.kind, "tries again")
    return ""
