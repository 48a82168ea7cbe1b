"""Paths of steps, and the steps they name: review, each[17]/fetch, big/then/legal; undo/review undoes review.

A scope is the block a step is in: "" is the workflow's own, each[17] one item's, big/then one branch's.
"""

import re

from appliance.domain.instances.joins import Block
from appliance.domain.workflows.definition import Definition, Step

UNDO = "undo"
_INDEX = re.compile(r"\[\d+\]")
_END = re.compile(r"[/\[]|$")


def path(scope: str, step_id: str) -> str:
    return f"{scope}/{step_id}" if scope else step_id


def item(map_path: str, index: int) -> str:
    return f"{map_path}[{index}]"


def owner(scope: str) -> str:
    """The path of the row that stands for the block: an item, or the step that took the branch; "" at the top."""
    return scope if scope.endswith("]") else scope.rpartition("/")[0]


def around(scope: str) -> list[str]:
    """The scope itself and those around it, the outermost first."""
    found = [scope]
    while scope:
        scope = _outer(scope)
        found.append(scope)
    return found[::-1]


def map_of(item_path: str) -> str:
    """The path of the map an item belongs to."""
    return item_path.rpartition("[")[0]


def scope_of(step_path: str) -> str:
    return step_path.rpartition("/")[0]


def undone(undo_path: str) -> str:
    """What the step with this path undoes."""
    return undo_path.removeprefix(f"{UNDO}/")


def holders(step_path: str) -> list[str]:
    """The path itself, and those of all it stands in."""
    return [step_path[: end.start()] for end in _END.finditer(step_path)]


def place(step_path: str) -> str:
    """The block whose values the step's expressions know; a compensation knows those of what it undoes."""
    return scope_of(undone(step_path))


def _outer(scope: str) -> str:
    holder = map_of(scope) if scope.endswith("]") else owner(scope)
    return scope_of(holder)


class Outline:
    """The blocks of a definition and the steps in them, found once for all instances."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._blocks: dict[str, Block] = {}
        self._steps: dict[str, Step] = {}
        self._add("", definition.steps)
        self.undone = {step.id for step in self._steps.values() if step.compensate}

    @property
    def steps(self) -> list[Step]:
        """Every step of every block, and every compensation."""
        found = list(self._steps.values())
        return found + [step.compensate for step in found if step.compensate]

    def block(self, scope: str) -> Block:
        return self._blocks[_INDEX.sub("[]", scope)]

    def step(self, path: str) -> Step:
        """The step of this path; of a compensation the step that undoes. Raises KeyError."""
        if found := self.find(path):
            return found
        undo = self._steps[_INDEX.sub("[]", undone(path))].compensate
        assert undo is not None
        return undo

    def find(self, path: str) -> Step | None:
        return self._steps.get(_INDEX.sub("[]", path))

    def _add(self, scope: str, steps: list[Step]) -> None:
        self._blocks[scope] = Block(steps)
        for step in steps:
            here = path(scope, step.id)
            self._steps[here] = step
            for name, inner in step.blocks.items():
                self._add(f"{here}[]" if name == "do" else f"{here}/{name}", inner)
