"""How workflows read in a terminal, and where their files are."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from appliance.cli.show import ago, clip, facts, plain, table, words
from appliance.domain.instances.rows import Instance
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


def _inputs(schema: dict[str, Any]) -> list[str]:
    needed = schema.get("required", [])
    return [f"{name}{' (required)' if name in needed else ''}" for name in schema.get("properties", {})]


def _steps(steps: Sequence[Step], depth: int) -> Iterator[tuple[str, str, str]]:
    for step in steps:
        # A table keeps no spaces at the start of a cell.
        yield f"{'· ' * depth}{step.id}", step.kind, ", ".join(step.needs)
        for block in step.blocks.values():
            yield from _steps(block, depth + 1)
