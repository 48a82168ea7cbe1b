"""Looking at a block: what of it may start is started, what is not needed is stopped, and its end is told outwards."""

from appliance import clock
from appliance.db.database import Row
from appliance.domain.instances import ending, failing, joins, paths, stumbling, undoing
from appliance.domain.instances.kinds import KINDS, branch, each, gathering
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import Step
from appliance.errors import Problem


def look(walk: Walk, scope: str) -> None:
    if scope == paths.UNDO:
        return _undo(walk)
    holder = walk.find(paths.owner(scope)) if scope else None
    if walk.state != "running" or (scope and (holder is None or not holder.open)):
        return
    block = walk.outline.block(scope)
    decided = joins.decide(block, walk.block(scope), walk.touched.pop(scope, None))
    if decided.failed:
        return _failed(walk, holder, walk.node(paths.path(scope, decided.failed)))
    for step_id in decided.stop:
        walk.stop(walk.node(paths.path(scope, step_id)))
    for step_id in decided.skip:
        walk.end(walk.add(scope, step_id, block.by_id[step_id].kind), "skipped")
    for step_id in decided.start:
        start(walk, paths.path(scope, step_id), scope, block.by_id[step_id])
    if decided.ended:
        _done(walk, holder)


def start(walk: Walk, path: str, scope: str, step: Step) -> None:
    """The step's row, and whatever it has to begin."""
    due = None if step.timeout_s is None else clock.ahead(step.timeout_s)
    attempt(walk, walk.add(scope, path if scope == paths.UNDO else step.id, step.kind, path, due_at=due), step)


def attempt(walk: Walk, node: Node, step: Step) -> None:
    try:
        KINDS[node.kind].begin(walk, node, step)
    except Problem as problem:
        if problem.code in stumbling.TROUBLE:
            raise
        failing.fail(walk, walk.nodes[node.path], problem.code, problem.detail)


def land(walk: Walk, row: Row) -> None:
    """What the node waited for has ended, or its time has come."""
    node = walk.nodes[row["path"]]
    if not node.open:
        return
    step, now = walk.step(node), clock.iso()
    node = walk.change(node, landed=False)
    # While it rests before its next attempt, a person may have had its task done, or cancelled.
    if not failing.pausing(node) or row["task_state"] in ("done", "cancelled"):
        KINDS[node.kind].land(walk, node, step, row)
    elif node.wake_at and node.wake_at <= now:
        attempt(walk, walk.change(node, attempt=node.attempt + 1, wake_at=None), step)
    node = walk.nodes[node.path]
    if node.open and node.due_at and node.due_at <= now:
        failing.end(walk, node, "timeout", f"It took longer than its time limit of {step.timeout_s:g} s.")


def _done(walk: Walk, holder: Node | None) -> None:
    if holder is None:
        return ending.succeed(walk)
    if holder.kind != "item":
        return branch.done(walk, holder)
    step = walk.outline.step(paths.map_of(holder.path))
    try:
        walk.done(holder, gathering.output(walk, holder, step))
    except Problem as problem:
        return _failed_item(walk, holder, step, problem.code, problem.detail, holder.path)
    each.item_ended(walk, walk.nodes[holder.path])


def _failed(walk: Walk, holder: Node | None, node: Node) -> None:
    """A step has failed whose block can't bear it."""
    path = str(node.data.get("path", node.path))
    if holder is None:
        return ending.fail(walk, node.failure_code, node.failure_detail, path)
    walk.stop_below(holder.path)
    if holder.kind == "item":
        step = walk.outline.step(paths.map_of(holder.path))
        return _failed_item(walk, holder, step, node.failure_code, node.failure_detail, path)
    failing.fail(walk, walk.nodes[holder.path], node.failure_code, node.failure_detail, path)


def _failed_item(walk: Walk, item: Node, step: Step, code: str, detail: str, path: str) -> None:
    told = walk.end(item, "failed", failure_code=code, failure_detail=detail, data=item.data | {"path": path})
    each.item_ended(walk, walk.change(told, output=gathering.failed_output(told, step)))


def _undo(walk: Walk) -> None:
    if walk.state == "undoing" and (path := undoing.following(walk)):
        step = walk.outline.step(path).compensate
        assert step is not None
        start(walk, paths.path(paths.UNDO, path), paths.UNDO, step)
