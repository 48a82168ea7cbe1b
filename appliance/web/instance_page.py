"""Everything one instance's page shows, and the list of instances."""

from typing import Any, NamedTuple

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.instances import nodes, rows, shown, signals
from appliance.domain.instances.nodes import STATES, Node
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import library
from appliance.domain.workflows.definition import Definition, Step
from appliance.web import approval_shape, graph, instance_graph, instance_shape, instance_words, step_kinds
from appliance.web.access import asker_of
from appliance.web.acts import Act
from appliance.web.frame import Frame
from appliance.web.instance_graph import Picture

ACTS = {
    "pause": Act("Pause", "pause", "pause"),
    "resume": Act("Resume", "resume", "play", "primary"),
    "cancel": Act(
        "Cancel",
        "cancel",
        "circle-stop",
        "danger",
        "Cancel this instance?",
        "Every step at work is stopped and nothing is undone. Files and costs stay.",
    ),
}
VERBS = {"running": ("pause", "cancel"), "paused": ("resume", "cancel"), "undoing": ("cancel",)}
ITEMS, SIGNALS, ASKED = 50, 30, 5


class Looked(NamedTuple):
    """What is looked at: a step or an item by its path, and of a map the items in one state."""

    step: str = ""
    items: str = ""
    cursor: str = ""


class Shown(NamedTuple):
    """The step that is looked at; `node` is None for one that has not begun, `page` holds the items of a map."""

    path: str
    step: Step | None
    node: Node | None
    work: shown.Work | None
    child: Instance | None
    took_ms: int | None
    page: records.Page[Node] | None
    inside: list[tuple[str, str]]


def listing(frame: Frame, db: Database, workflow: str, state: str, cursor: str) -> dict[str, Any]:
    page = rows.listing(db, workflow, state, cursor=cursor)
    return {
        "items": [(one, instance_words.told(db, one), _took_ms(one)) for one in page.items],
        "bills": shown.work(db, [one.task_id for one in page.items]),
        "next_cursor": page.next_cursor,
        "chosen": {"workflow": workflow, "state": state, "cursor": cursor},
        "workflows": [(one.slug, one.name) for one in library.listing(db, limit=records.LIMIT_MAX).items],
        "states": rows.STATES,
    }


def context(frame: Frame, db: Database, control: Database, found: Instance, looked: Looked) -> dict[str, Any]:
    definition = rows.outline(db, found.workflow_id, found.version).definition
    drawn = instance_graph.picture(db, found, definition, looked.step, frame.base)
    here = f"{frame.base}/instances/{found.number}"
    people = approval_shape.people(control, frame.tenant.id)
    may = frame.person.may("operator")
    asked = approval_shape.pending(db, frame, asker_of(frame.request).actor, found.task_id, people, ASKED + 1)
    return {
        "one": found,
        "told": instance_words.told(db, found),
        "here": here,
        "definition": definition,
        "drawn": drawn,
        "bill": shown.work(db, [found.task_id])[found.task_id],
        "took_ms": _took_ms(found),
        "counts": _counts(drawn),
        "cause": instance_words.cause(found),
        "by": instance_words.by(control, frame.tenant.id, found.created_by),
        "acts": [ACTS[verb]._replace(href=f"{here}/{verb}") for verb in VERBS.get(found.state, ())] if may else [],
        "asked": asked[-ASKED:],
        "asked_more": len(asked) > ASKED,
        "looked": looked,
        "step": _looked_at(db, found, definition, drawn, looked),
        "signals": signals.of(db, found.id)[::-1][:SIGNALS],
        "waits_for": sorted({node.wait_key for node in drawn.found.values() if _waits(node)}),
        "again": _again(found, drawn) if may else [],
        "again_from": "" if found.failed_path.startswith("undo/") else found.failed_path,
        "item_states": STATES,
        **instance_shape.lineage(db, found),
    }


def _looked_at(db: Database, found: Instance, definition: Definition, drawn: Picture, looked: Looked) -> Shown | None:
    """Of a path that names nothing, nothing."""
    plain = instance_graph.plain(looked.step)
    step = dict(graph.every(definition.steps)).get(plain)
    if step is None:
        return None
    node = nodes.get(db, found.id, looked.step)
    work = shown.work(db, [node.task_id]) if node and node.task_id else {}
    child = rows.by_id(db, node.child_id) if node and node.child_id else None
    is_map = node is not None and node.kind == "map"
    page = shown.items(db, found.id, looked.step, looked.items, ITEMS, looked.cursor) if is_map else None
    took = instance_graph.took_ms(node) if node else None
    inside = _inside(step, looked.step) if looked.step.endswith("]") else []
    return Shown(looked.step, step, node, work.get(node.task_id or "") if node else None, child, took, page, inside)


def _inside(step: Step, item: str) -> list[tuple[str, str]]:
    """The steps of an item: path and name."""
    return [(f"{item}/{one.id}", step_kinds.name(one)) for one in step.blocks.get("do", ())]


def _counts(drawn: Picture) -> dict[str, int]:
    """How many of the steps that are drawn are in each state."""
    states = [node.state for node in drawn.found.values()]
    return {state: states.count(state) for state in STATES if state in states}


def _again(found: Instance, drawn: Picture) -> list[tuple[str, str]]:
    """The top steps that can be done anew, once the instance has ended: path and words; the failed one first."""
    if found.open:
        return []
    tops = [(step.id, step_kinds.name(step)) for step in drawn.tops if step.id in drawn.found]
    failed = found.failed_path.partition("/")[0].partition("[")[0]
    return sorted(tops, key=lambda pair: pair[0] != failed)


def _waits(node: Node) -> bool:
    return node.kind == "wait" and node.state == "waiting" and bool(node.wait_key)


def _took_ms(found: Instance) -> int:
    return int(clock.seconds_between(found.created_at, found.finished_at or clock.iso()) * 1000)
