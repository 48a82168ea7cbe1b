"""The drawing of an instance: what became of each step, and inside a map of the steps of one item."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

from appliance import clock
from appliance.db.database import Database
from appliance.domain.instances import shown
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.rows import Instance
from appliance.domain.instances.shown import Work
from appliance.domain.workflows.definition import Definition, Step
from appliance.web import amounts, filters, graph, graph_view
from appliance.web.graph_view import Mark, Progress, View

_NUMBER = re.compile(r"\[\d+\]")
PERSON = {"in_review": "a person accepts it", "blocked": "a person decides"}


class Places(NamedTuple):
    """Where the steps of a definition are found: `real` by the path in the drawing, for those that have one.

    A step inside a map has one when an item is looked at; `items` holds these items by the path of their map.
    """

    real: dict[str, str]
    maps: dict[str, str]
    items: dict[str, str]


class Picture(NamedTuple):
    """`found` are the rows behind it, by their real paths; `work` their tasks by id; `tops` the outer steps."""

    view: View
    tops: list[Step]
    places: Places
    found: dict[str, Node]
    work: dict[str, Work]


def plain(path: str) -> str:
    """The path in the drawing: each[17]/fetch is each/fetch."""
    return _NUMBER.sub("", path)


def places(definition: Definition, chosen: str) -> Places:
    items = {plain(path.rpartition("[")[0]): path for path in _numbered(chosen)}
    real: dict[str, str] = {}
    maps: dict[str, str] = {}
    _place(definition.steps, "", "", "", items, real, maps)
    return Places(real, maps, items)


def picture(db: Database, found: Instance, definition: Definition, chosen: str, base: str) -> Picture:
    """`chosen` is the path of the step or item that is looked at."""
    where = places(definition, chosen)
    nodes = shown.by_paths(db, found.id, list(where.real.values()))
    work = shown.work(db, [node.task_id for node in nodes.values() if node.task_id])
    marks = {path: mark(nodes[real], work) for path, real in where.real.items() if real in nodes}
    here = f"{base}/instances/{found.number}"

    def href(path: str) -> str:
        return f"{here}?step={quote(where.real.get(path) or where.maps.get(path, path))}#step"

    return Picture(
        graph_view.view(definition, href, marks, plain(chosen), where.maps), definition.steps, where, nodes, work
    )


def mark(node: Node, work: dict[str, Work]) -> Mark:
    done = work.get(node.task_id or "")
    parts = [f"try {node.attempt}" if node.attempt > 1 else "", told(node, done)]
    parts += [filters.duration_ms(took_ms(node)) if node.kind != "map" else ""]
    parts += [amounts.usd(done.cost_nano) if done and done.cost_nano else ""]
    return Mark(node.state, " · ".join(part for part in parts if part), progress(node))


def told(node: Node, work: Work | None) -> str:
    """What a step waits for, or why it failed; how far a map is."""
    if node.state == "failed":
        return node.failure_code.replace("_", " ")
    if node.kind == "map" and (counted := progress(node)):
        return counted.words
    if node.state == "waiting":
        return {"approval": "a person decides", "wait": node.wait_key or "its time"}.get(node.kind, "tries again soon")
    if node.state == "running" and work:
        return _at_work(work)
    taken = node.data.get("taken")
    return str(taken) if node.kind == "when" and taken else ""


def progress(node: Node) -> Progress | None:
    counts = node.data if node.kind == "map" else {}
    if not counts.get("total"):
        return None
    return Progress(counts.get("done", 0), counts.get("open", 0), counts.get("failed", 0), counts["total"])


def took_ms(node: Node) -> int | None:
    if node.state in ("skipped", "cancelled"):
        return None
    return int(clock.seconds_between(node.started_at, node.finished_at or clock.iso()) * 1000)


def _at_work(work: Work) -> str:
    if work.state in PERSON:
        return PERSON[work.state]
    if work.run_state == "waiting":
        return f"waits: {work.run_reason}"
    return "queued" if work.run_state == "ready" else ""


def _place(
    steps: list[Step], scope: str, real_scope: str | None, map_path: str, items: dict[str, str], *into: dict[str, str]
) -> None:
    """`real_scope` is None inside a map of which no item is looked at; `map_path` is the nearest map that has a row."""
    real, maps = into
    for step in steps:
        path = f"{scope}/{step.id}" if scope else step.id
        here = None if real_scope is None else f"{real_scope}/{step.id}" if real_scope else step.id
        if here is None:
            maps[path] = map_path
        else:
            real[path] = here
        for name, block in step.blocks.items():
            inner, nearest = here and f"{here}/{name}", map_path
            if name == "do":
                inner, nearest = items.get(path), here or map_path
            _place(block, graph.inside(path, name), inner, nearest, items, real, maps)


def _numbered(path: str) -> Iterator[str]:
    """The items a path goes through: each[17]/sub[2]/x has each[17] and each[17]/sub[2]."""
    for found in _NUMBER.finditer(path):
        yield path[: found.end()]
