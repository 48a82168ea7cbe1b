"""A workflow as a drawing: a box for each step, a frame around the steps inside a map or a condition, and the lines."""

from collections.abc import Iterator, Sequence

from appliance.domain.workflows.definition import Definition, Step
from appliance.web.graph_layout import Item, Line, place
from appliance.web.graph_shapes import Arrow, Box, Drawing, Lane

WIDTH, HEAD = 196, 54
PAD, LABEL, BETWEEN = 14, 20, 12
LANES = {"do": "", "then": "then", "otherwise": "otherwise"}


def draw(definition: Definition) -> Drawing:
    """Boxes of a frame come after the frame, so that they are drawn over it and reached after it by the keyboard."""
    return _block(definition.steps, "")


def every(steps: Sequence[Step], scope: str = "") -> Iterator[tuple[str, Step]]:
    """All steps with their paths, those of a block after the step it belongs to."""
    for step in steps:
        path = f"{scope}/{step.id}" if scope else step.id
        yield path, step
        for name, block in step.blocks.items():
            yield from every(block, inside(path, name))


def inside(path: str, block: str) -> str:
    """The scope of a block: a map's is its own path, as its items have numbers instead."""
    return path if block == "do" else f"{path}/{block}"


def _block(steps: Sequence[Step], scope: str) -> Drawing:
    paths = {step.id: f"{scope}/{step.id}" if scope else step.id for step in steps}
    inner = {step.id: _inside(step, paths[step.id]) for step in steps if any(step.blocks.values())}
    items = []
    for step in steps:
        found = inner.get(step.id)
        width, height = (found.width, found.height) if found else (WIDTH, HEAD)
        items.append(Item(step.id, width, height, HEAD / 2, step.needs))
    placed = place(items)
    made = Drawing(placed.width, placed.height, [], [], [_arrow(line, paths) for line in placed.lines])
    for step, item in zip(steps, items, strict=True):
        x, y = placed.spots[step.id]
        made.boxes.append(Box(paths[step.id], step, x, y, item.width, item.height, step.id in inner))
        if step.id in inner:
            _put(made, inner[step.id], x, y)
    return made


def _inside(step: Step, path: str) -> Drawing:
    """What stands in a frame, measured from the frame's corner; its size is the frame's."""
    made = Drawing(0, 0, [], [], [])
    width, top = float(WIDTH), HEAD + 4.0
    for name, block in step.blocks.items():
        if not block:
            continue
        inner = _block(block, inside(path, name))
        label = LABEL if LANES[name] else 0
        made.lanes.append(Lane(inside(path, name), LANES[name], PAD, top, inner.width, inner.height + label))
        _put(made, inner, PAD, top + label)
        width, top = max(width, inner.width + 2 * PAD), top + label + inner.height + BETWEEN
    return made._replace(width=width, height=top - BETWEEN + PAD)


def _put(outer: Drawing, inner: Drawing, x: float, y: float) -> None:
    outer.boxes.extend(box._replace(x=box.x + x, y=box.y + y) for box in inner.boxes)
    outer.lanes.extend(lane._replace(x=lane.x + x, y=lane.y + y) for lane in inner.lanes)
    outer.arrows.extend(arrow._replace(x=arrow.x + x, y=arrow.y + y) for arrow in inner.arrows)


def _arrow(line: Line, paths: dict[str, str]) -> Arrow:
    return Arrow(paths[line.source], paths[line.target], line.path, 0, 0)
