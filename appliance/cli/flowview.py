"""How workflows and their instances read in a terminal, and how inputs are written on a command line."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from appliance import clock
from appliance.cli.show import ago, clip, duration, facts, money, plain, table, words
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.rows import Instance
from appliance.domain.instances.shown import Work
from appliance.domain.workflows.definition import Definition, Step
from appliance.domain.workflows.library import Workflow
from appliance.domain.workflows.reading import Fault
from appliance.errors import Problem

ENDINGS = (".yaml", ".yml")


def files(path: str) -> list[str]:
    """The file itself, or every YAML file of a folder and below, by name. Raises Problem(usage)."""
    if not Path(path).is_dir():
        return [path]
    found = sorted(str(file) for file in Path(path).rglob("*") if file.suffix in ENDINGS and file.is_file())
    if not found:
        raise Problem("usage", f"{path} holds no file that ends in .yaml or .yml.")
    return found


def fault_line(file: str, fault: Fault) -> str:
    """As compilers write it, so that editors jump to the place."""
    return (
        f"{file}:{fault.line or 1}: {plain(fault.path)}: {plain(fault.message)}"
        if fault.path
        else (f"{file}:{fault.line or 1}: {plain(fault.message)}")
    )


def about(found: Workflow, definition: Definition, newest: Sequence[Instance]) -> str:
    head = facts(
        [
            (found.slug, found.name),
            ("About", found.description),
            ("Version", found.version),
            ("Saved", ago(found.updated_at)),
            ("Archived", ago(found.archived_at) if found.archived_at else ""),
            ("Inputs", ", ".join(_inputs(definition.inputs))),
        ]
    )
    steps = table(("step", "kind", "after"), list(_steps(definition.steps, 0)), "")
    rows = [(f"#{one.number}", words(one.state), clip(one.title, 50), ago(one.created_at)) for one in newest]
    last = table(("instance", "state", "title", "started"), rows, "It was never started.")
    return f"{head}\n\n{steps}\n\n{last}"


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
    rows = [_step_row(node, work.get(node.task_id or "")) for node in steps]
    heads = ("step", "kind", "state", "try", "task", "cost", "took", "note")
    body = table(heads, rows, "No step has begun.", right=("try", "cost", "took"))
    output = "" if found.output is None else f"\n\n{as_text(found.output)}"
    return f"{head}\n\n{body}{output}"


def step_line(node: Node, work: Work | None) -> str:
    """One change of a step, while it is followed."""
    cost = money(work.cost_nano) if work and work.cost_nano else ""
    took = _took(node) if node.finished_at else ""
    return f"  {words(node.state):<9}  {node.path:<24}  {cost:>8}  {took:>7}  {clip(_note(node), 60)}".rstrip()


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _inputs(schema: dict[str, Any]) -> list[str]:
    needed = schema.get("required", [])
    return [f"{name}{' (required)' if name in needed else ''}" for name in schema.get("properties", {})]


def _steps(steps: Sequence[Step], depth: int) -> Iterator[tuple[str, str, str]]:
    for step in steps:
        # A table keeps no spaces at the start of a cell.
        yield f"{'· ' * depth}{step.id}", step.kind, ", ".join(step.needs)
        for block in step.blocks.values():
            yield from _steps(block, depth + 1)


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
