"""Where each agent stands in the drawing of the organisation: a tidy tree, a pure function of its shape.

After Reingold and Tilford (1981): a subtree is laid out for itself, neighbours are pushed together until their outlines
touch, and a manager stands over the middle of its reports. Reports without reports of their own hang below each other
as a list, so that a wide team does not make a wide page.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

WIDTH, HEIGHT = 184, 52
GAP_X, GAP_Y = 20, 34
HANG_X, HANG_Y = 22, 12
# From so many on, reports without reports hang as a list.
LIST_FROM = 3
ROW, HUNG = HEIGHT + GAP_Y, HEIGHT + HANG_Y


class Node(Protocol):
    """What is laid out; `below` is empty for one whose branch is closed."""

    @property
    def id(self) -> str: ...
    @property
    def below(self) -> Sequence["Node"]: ...


class Place(NamedTuple):
    """The top left corner of a node's box."""

    id: str
    x: float
    y: float


class Line(NamedTuple):
    """From a manager down to a report, as the path of an SVG."""

    to: str
    path: str


class Drawing(NamedTuple):
    width: float
    height: float
    places: list[Place]
    lines: list[Line]


class _Outline(NamedTuple):
    """The left and right edges of a laid-out subtree whose root is at (0, 0), in bands of ROW height."""

    left: list[float]
    right: list[float]


# Node → how far it is from its manager's corner, across and down.
_Offsets = dict[str, tuple[float, float]]


def draw(tops: Sequence[Node]) -> Drawing:
    """The drawing of the trees side by side, its top left corner at (0, 0)."""
    if not tops:
        return Drawing(0, 0, [], [])
    offsets: _Offsets = {}
    shifts, whole = _beside([_outline(node, offsets) for node in tops])
    start = min(whole.left)
    offsets |= {node.id: (shift - start, 0) for node, shift in zip(tops, shifts, strict=True)}
    places = _places(tops, offsets, 0, 0)
    bottom = max(place.y for place in places) + HEIGHT
    return Drawing(max(whole.right) - start, bottom, places, _lines(tops, {place.id: place for place in places}))


def _outline(node: Node, offsets: _Offsets) -> _Outline:
    """The outline of a subtree; keeps where the nodes below its root stand."""
    if not node.below:
        return _Outline([0], [WIDTH])
    listed = _listed(node)
    if len(listed) == len(node.below):
        return _column(listed, offsets, HANG_X)
    branches = [child for child in node.below if child not in listed]
    blocks = [_outline(child, offsets) for child in branches]
    if listed:
        blocks.append(_stack(listed))
    shifts, whole = _beside(blocks)
    middle = (shifts[0] + shifts[-1]) / 2
    for child, shift in zip(branches, shifts, strict=False):
        offsets[child.id] = (shift - middle, ROW)
    if listed:
        _column(listed, offsets, shifts[-1] - middle)
    return _Outline([0, *(x - middle for x in whole.left)], [WIDTH, *(x - middle for x in whole.right)])


def _listed(node: Node) -> list[Node]:
    """Its reports that are drawn as a list: those without reports, where there are enough of them."""
    leaves = [child for child in node.below if not child.below]
    return leaves if len(leaves) >= (LIST_FROM if len(leaves) == len(node.below) else 2) else []


def _column(below: Sequence[Node], offsets: _Offsets, x: float) -> _Outline:
    """A list below each other, `x` to the right of their manager."""
    for n, child in enumerate(below):
        offsets[child.id] = (x, ROW + n * HUNG)
    bands = _bands(below)
    return _Outline([0.0] * (bands + 1), [WIDTH, *([WIDTH + HANG_X] * bands)])


def _stack(below: Sequence[Node]) -> _Outline:
    """The outline of such a list beside branches; the line down to it needs room on its left."""
    bands = _bands(below)
    return _Outline([-HANG_X / 2] * bands, [float(WIDTH)] * bands)


def _bands(below: Sequence[Node]) -> int:
    return math.ceil(((len(below) - 1) * HUNG + HEIGHT) / ROW)


def _beside(blocks: list[_Outline]) -> tuple[list[float], _Outline]:
    """How far to the right each block goes so that no two come closer than GAP_X, and the outline of the whole."""
    shifts: list[float] = []
    left: list[float] = []
    right: list[float] = []
    for block in blocks:
        shift = max((edge - own for edge, own in zip(right, block.left, strict=False)), default=-GAP_X) + GAP_X
        shifts.append(shift)
        left += [x + shift for x in block.left[len(left) :]]
        right = [x + shift for x in block.right] + right[len(block.right) :]
    return shifts, _Outline(left, right)


def _places(nodes: Sequence[Node], offsets: _Offsets, x: float, y: float) -> list[Place]:
    found: list[Place] = []
    for node in nodes:
        across, down = offsets[node.id]
        found.append(Place(node.id, x + across, y + down))
        found += _places(node.below, offsets, x + across, y + down)
    return found


def _lines(nodes: Sequence[Node], places: dict[str, Place]) -> list[Line]:
    found: list[Line] = []
    for node in nodes:
        listed = {child.id for child in _listed(node)}
        found += [Line(child.id, _path(places[node.id], places[child.id], child.id in listed)) for child in node.below]
        found += _lines(node.below, places)
    return found


def _path(above: Place, below: Place, listed: bool) -> str:
    foot, half = above.y + HEIGHT, GAP_Y / 2
    if listed and below.x - above.x == HANG_X:
        return f"M{above.x + HANG_X / 2:g} {foot:g}V{below.y + HEIGHT / 2:g}H{below.x:g}"
    down = f"M{above.x + WIDTH / 2:g} {foot:g}V{foot + half:g}"
    if listed:
        return f"{down}H{below.x - HANG_X / 2:g}V{below.y + HEIGHT / 2:g}H{below.x:g}"
    return f"{down}H{below.x + WIDTH / 2:g}V{below.y:g}"
