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
    if _hangs(node):
        return _hung(node.below, offsets)
    shifts, whole = _beside([_outline(child, offsets) for child in node.below])
    middle = (shifts[0] + shifts[-1]) / 2
    for child, shift in zip(node.below, shifts, strict=True):
        offsets[child.id] = (shift - middle, ROW)
    return _Outline([0, *(x - middle for x in whole.left)], [WIDTH, *(x - middle for x in whole.right)])


def _hangs(node: Node) -> bool:
    return len(node.below) >= LIST_FROM and not any(child.below for child in node.below)


def _hung(below: Sequence[Node], offsets: _Offsets) -> _Outline:
    """Reports as a list, to the right of a line down from their manager."""
    for n, child in enumerate(below):
        offsets[child.id] = (HANG_X, ROW + n * HUNG)
    bands = math.ceil((ROW + (len(below) - 1) * HUNG + HEIGHT) / ROW) - 1
    return _Outline([0.0] * (bands + 1), [WIDTH, *([WIDTH + HANG_X] * bands)])


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
        found += [Line(child.id, _path(places[node.id], places[child.id], _hangs(node))) for child in node.below]
        found += _lines(node.below, places)
    return found


def _path(above: Place, below: Place, hung: bool) -> str:
    foot = above.y + HEIGHT
    if hung:
        return f"M{above.x + HANG_X / 2:g} {foot:g}V{below.y + HEIGHT / 2:g}H{below.x:g}"
    return f"M{above.x + WIDTH / 2:g} {foot:g}V{foot + GAP_Y / 2:g}H{below.x + WIDTH / 2:g}V{below.y:g}"
