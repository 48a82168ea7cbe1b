"""A drawing with words and colours: what `workflows/_graph.html` reads, for a definition and for an instance of it."""

from collections.abc import Callable, Container, Mapping
from typing import NamedTuple

from appliance.domain.workflows.definition import Definition
from appliance.web import graph, step_kinds, step_notes
from appliance.web.graph_shapes import Arrow, Box, Lane

TONES = {"running": "run", "done": "good", "failed": "bad", "waiting": "warn", "skipped": "off", "cancelled": "off"}
SIGNS = {
    "running": "circle-dot",
    "done": "circle-check",
    "failed": "circle-alert",
    "waiting": "clock",
    "skipped": "circle-dashed",
    "cancelled": "circle-x",
}
# How wide letters of the two lines are on the average, and what stands beside them in a box.
LETTER, SMALL_LETTER = 6.9, 6.1
BESIDE, BESIDE_SIGN = 48, 70


class Progress(NamedTuple):
    """Items of a map. `total` counts all of them, also those that have not begun."""

    done: int
    running: int
    failed: int
    total: int

    @property
    def words(self) -> str:
        parts = [f"{self.done:,} of {self.total:,} done"]
        parts += [f"{self.running:,} at work"] if self.running else []
        return " · ".join(parts + ([f"{self.failed:,} failed"] if self.failed else []))


class Mark(NamedTuple):
    """What became of a step: `note` says more than its state."""

    state: str
    note: str = ""
    progress: Progress | None = None


class Bar(NamedTuple):
    tone: str
    x: float
    width: float


class Node(NamedTuple):
    """A box as it is drawn, and as a line of the table behind the drawing."""

    path: str
    x: float
    y: float
    width: float
    height: float
    framed: bool
    depth: int
    icon: str
    kind: str
    name: str
    title: str
    note: str
    whole: str
    after: str
    standing: str
    state: str
    tone: str
    sign: str
    href: str
    current: bool
    bars: list[Bar]

    @property
    def label(self) -> str:
        """For those who hear the drawing: first what is seen, as those say it who steer by voice."""
        seen = f"{self.title} {self.note}".strip()
        cut = [self.name if self.title != self.name else "", self.whole if self.note.endswith("…") else ""]
        parts = [seen, self.kind, *cut, f"after {self.after}" if self.after else ""]
        return ", ".join(part for part in parts if part)


class Way(NamedTuple):
    arrow: Arrow
    tone: str


class View(NamedTuple):
    width: float
    height: float
    nodes: list[Node]
    lanes: list[Lane]
    ways: list[Way]


def view(
    definition: Definition,
    href: Callable[[str], str],
    marks: Mapping[str, Mark] | None = None,
    chosen: str = "",
    inside: Container[str] = (),
) -> View:
    """`marks`, `chosen` and `inside` go by paths of steps without the numbers of items; without marks it is the plan.

    `inside` are the steps of maps of which no item is looked at: they stand nowhere.
    """
    found = graph.draw(definition)
    known = marks or {}
    nodes = []
    for box in found.boxes:
        standing = "" if marks is None else "for each item" if box.path in inside else "not begun"
        nodes.append(_node(box, href(box.path), known.get(box.path), standing, box.path == chosen))
    ways = [Way(arrow, _tone(arrow, known)) for arrow in found.arrows]
    return View(found.width, found.height, nodes, found.lanes, ways)


def _node(box: Box, href: str, mark: Mark | None, standing: str, current: bool) -> Node:
    step = box.step
    name, said = step_kinds.name(step), step_notes.note(step)
    told = " · ".join(part for part in ((mark.state, mark.note) if mark else (said,)) if part)
    whole = mark.note if mark else said
    return Node(
        path=box.path,
        x=box.x,
        y=box.y,
        width=box.width,
        height=box.height,
        framed=box.framed,
        depth=box.path.count("/"),
        icon=step_kinds.ICONS[step.kind],
        kind=step_kinds.KINDS[step.kind],
        name=name,
        title=fit(name, box.width - (BESIDE_SIGN if mark else BESIDE), LETTER),
        note=fit(told, box.width - BESIDE, SMALL_LETTER),
        whole=whole,
        after=step_kinds.after(step),
        standing=standing,
        state=mark.state if mark else "",
        tone=TONES.get(mark.state, "") if mark else "",
        sign=SIGNS.get(mark.state, "") if mark else "",
        href=href,
        current=current,
        bars=_bars(mark.progress, box.width - BESIDE) if mark and mark.progress else [],
    )


def fit(text: str, width: float, letter: float) -> str:
    most = max(3, int(width / letter))
    return text if len(text) <= most else text[: most - 1].rstrip(" {(·,.:-") + "…"


def _bars(progress: Progress, width: float) -> list[Bar]:
    at, made = 0.0, []
    for tone, count in (("good", progress.done), ("bad", progress.failed), ("run", progress.running)):
        wide = round(width * count / max(progress.total, 1), 1)
        made.append(Bar(tone, at, wide))
        at += wide
    return [Bar("", 0, width), *(bar for bar in made if bar.width)]


def _tone(arrow: Arrow, marks: Mapping[str, Mark]) -> str:
    """A line that has been gone."""
    source, target = marks.get(arrow.source), marks.get(arrow.target)
    return "good" if source and source.state == "done" and target and target.state != "skipped" else ""
