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


class _Block(NamedTuple):
    """A laid-out subtree with its root at (0, 0); outlines are the left and right edges of bands of ROW height."""

    places: list[Place]
    left: list[float]
    right: list[float]


def draw(tops: Sequence[Node]) -> Drawing:
    """The drawing of the trees side by side, its top left corner at (0, 0)."""
    if not tops:
        return Drawing(0, 0, [], [])
    places, left, right = _beside([_block(node) for node in tops], 0)
    start = min(left)
    places = [place._replace(x=place.x - start) for place in places]
    bottom = max(place.y for place in places) + HEIGHT
    return Drawing(max(right) - start, bottom, places, _lines(tops, {place.id: place for place in places}))


def _block(node: Node) -> _Block:
    root = Place(node.id, 0, 0)
    if not node.below:
        return _Block([root], [0], [WIDTH])
    if _hangs(node):
        return _hung(root, node.below)
    places, left, right = _beside([_block(child) for child in node.below], ROW)
    first, last = (next(p.x for p in places if p.id == node.below[end].id) for end in (0, -1))
    middle = (first + last) / 2
    moved = [place._replace(x=place.x - middle) for place in places]
    return _Block([root, *moved], [0, *(x - middle for x in left)], [WIDTH, *(x - middle for x in right)])


def _hangs(node: Node) -> bool:
    return len(node.below) >= LIST_FROM and not any(child.below for child in node.below)


def _hung(root: Place, below: Sequence[Node]) -> _Block:
    """Reports as a list, to the right of a line down from their manager."""
    places = [Place(child.id, HANG_X, ROW + n * HUNG) for n, child in enumerate(below)]
    bands = math.ceil((places[-1].y + HEIGHT) / ROW) - 1
    return _Block([root, *places], [0] * (bands + 1), [WIDTH] + [WIDTH + HANG_X] * bands)


def _beside(blocks: list[_Block], down: float) -> tuple[list[Place], list[float], list[float]]:
    """The blocks next to each other, no two outlines closer than GAP_X: all places, and the outlines of the whole."""
    places: list[Place] = []
    left: list[float] = []
    right: list[float] = []
    for block in blocks:
        shift = max((edge - own for edge, own in zip(right, block.left, strict=False)), default=-GAP_X) + GAP_X
        places += [Place(place.id, place.x + shift, place.y + down) for place in block.places]
        left += [x + shift for x in block.left[len(left) :]]
        moved = [x + shift for x in block.right]
        right = moved + right[len(moved) :]
    return places, left, right


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
