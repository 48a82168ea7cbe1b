"""What a drawing of a workflow is made of."""

from typing import NamedTuple

from appliance.domain.workflows.definition import Step


class Box(NamedTuple):
    """A step; `framed` holds other steps, below its head. `path` names it, without the numbers of items."""

    path: str
    step: Step
    x: float
    y: float
    width: float
    height: float
    framed: bool


class Lane(NamedTuple):
    """The steps of a branch, and the word that stands over them."""

    path: str
    label: str
    x: float
    y: float
    width: float
    height: float


class Arrow(NamedTuple):
    """`path` is drawn from `x`, `y`, the corner of its block; `source` and `target` are paths of steps."""

    source: str
    target: str
    path: str
    x: float
    y: float


class Drawing(NamedTuple):
    width: float
    height: float
    boxes: list[Box]
    lanes: list[Lane]
    arrows: list[Arrow]
