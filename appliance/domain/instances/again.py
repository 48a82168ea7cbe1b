"""Again from step k: a new instance that takes over what an ended one had done and what does not rest on that step."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

import msgspec
from msgspec import structs

from appliance import ids
from appliance.db.database import Database
from appliance.domain import workspace
from appliance.domain.actor import Actor
from appliance.domain.instances import advance, making, nodes, paths, rows
from appliance.domain.instances.making import Found, Made
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.paths import Outline
from appliance.domain.instances.rows import Instance
from appliance.errors import Problem, invalid, not_found


class _Copy(msgspec.Struct):
    """What is taken over, and whose folders are copied: from → to."""

    db: Database
    old: Instance
    outline: Outline
    nodes: list[Node]
    undone: set[str]
    kept: list[Node] = []
    folders: dict[str, str] = {}


def again(db: Database, actor: Actor, files: Path, ref: str, step: str = "", version: int | None = None) -> Instance:
    """Begin again at the step of this path, or else at the one that failed, with the same inputs.

    Steps that were done and do not need it are not done again: their outputs are kept, and the files. Of a map around
    it the other items are kept. `files` is the tenant's folder; the version is the same unless another is named.
    Raises Problem(conflict) while it has not ended, Problem(not_found) for an unknown step or version, and
    Problem(invalid) for inputs that another version refuses.
    """
    actor.need("operator")
    old, task_id = rows.get(db, ref), ids.new()
    if old.open:
        raise Problem("conflict", "The workflow has not ended. Cancel it first.")
    step = step or old.failed_path
    if not step:
        raise invalid(step="no step of it failed: name the one to begin at")
    number = old.version if version is None else version
    outline = rows.outline(db, old.workflow_id, number)
    if outline.find(step) is None:
        raise not_found(f"step {step}"[:200])
    every = sorted(nodes.of(db, old.id, limit=nodes.EVERY), key=_path)
    copy = _Copy(db, old, outline, every, _undone(every), [], {old.task_id: task_id})
    _take(copy, "", step)
    for source, target in copy.folders.items():
        workspace.copy(files, source, target)
    about = Made("again", actor.label, fork_of=old.id, fork_from=step, task_id=task_id)
    with db.transaction():
        given = making.inputs(outline.definition, old.input)
        found = Found(old.workflow_id, number, old.name, outline)
        made = making.make(db, found, given, about, old.title)
        nodes.insert_all(db, [structs.replace(one, instance_id=made.id) for one in copy.kept])
        making.tell(db, actor, made)
        advance.advance(db, made.id)
    return rows.by_id(db, made.id)


def _undone(found: list[Node]) -> set[str]:
    """The steps that were undone, and those they stand in: parts of them have to be done again."""
    undone = (paths.undone(node.path) for node in found if node.scope == paths.UNDO)
    return {holder for path in undone for holder in paths.holders(path)}


def _take(copy: _Copy, scope: str, wanted: str) -> None:
    """Take over what of a block does not rest on the step that the path leads to."""
    rest = wanted[len(scope) + 1 :] if scope else wanted
    name, _, inside = rest.partition("/")
    step_id = name.partition("[")[0]
    block = copy.outline.block(scope)
    redone = block.downstream(step_id)
    for node in nodes.of(copy.db, copy.old.id, scope, limit=nodes.EVERY):
        step = block.by_id.get(node.step_id)
        if step is None or step.kind != node.kind:
            continue
        if node.step_id not in redone and node.state == "done" and node.path not in copy.undone:
            copy.kept.append(_kept(node))
            copy.kept += [_kept(one) for one in _below(copy, node.path)]
        elif node.step_id == step_id and inside:
            _into(copy, node, wanted, inside)


def _into(copy: _Copy, node: Node, wanted: str, inside: str) -> None:
    """The step asked for is inside this one, which goes on with what it had."""
    if node.kind == "when":
        scope = paths.path(node.path, node.data.get("taken", ""))
        if wanted.startswith(f"{scope}/"):
            copy.kept.append(_open(node, node.data))
            _take(copy, scope, wanted)
    elif node.kind == "map" and isinstance(node.input, list):
        _into_map(copy, node, wanted)


def _into_map(copy: _Copy, node: Node, wanted: str) -> None:
    item_path = wanted[: wanted.index("]", len(node.path)) + 1]
    done, item = list[int](), None
    for one in nodes.of(copy.db, copy.old.id, node.path, limit=nodes.EVERY):
        if one.path == item_path:
            item = one
        elif one.state == "done" and one.item is not None and one.path not in copy.undone:
            done.append(one.item)
            copy.kept.append(_kept(one))
            copy.kept += [_kept(two) for two in _below(copy, one.path)]
    data = {"total": len(node.input), "next": 0, "open": 0, "done": len(done), "failed": 0, "kept": sorted(done)}
    if item is not None and item.item is not None:
        data |= {"open": 1, "kept": sorted([*done, item.item])}
        folder = item.data.get("files")
        if folder:
            copy.folders[folder] = ids.new()
        copy.kept.append(_open(item, {"files": copy.folders[folder]} if folder else {}))
        _take(copy, item_path, wanted)
    copy.kept.append(_open(node, data))


def _below(copy: _Copy, path: str) -> list[Node]:
    """Found by halves: `nodes` are in the order of their paths."""
    return [*_beginning(copy.nodes, f"{path}/"), *_beginning(copy.nodes, f"{path}[")]


def _beginning(found: list[Node], prefix: str) -> Iterator[Node]:
    ahead = islice(found, bisect_left(found, prefix, key=_path), None)
    return takewhile(lambda node: node.path.startswith(prefix), ahead)


def _path(node: Node) -> str:
    return node.path


def _kept(node: Node) -> Node:
    """As it was, of another instance: its task, question and instance stay with the first."""
    return structs.replace(node, landed=False, task_id=None, approval_id=None, child_id=None)


def _open(node: Node, data: dict[str, object]) -> Node:
    """At work again; to be looked at first."""
    again = {"state": "running", "finished_at": None, "failure_code": "", "failure_detail": "", "output": None}
    landed = node.kind != "item"
    return structs.replace(_kept(node), landed=landed, due_at=None, wake_at=None, attempt=1, data=data, **again)
