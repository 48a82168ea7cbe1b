"""Compensation: after a failure, what was done is undone in the reverse order of its ending, one step at a time."""

from appliance.domain import records
from appliance.domain.instances import ending, nodes, paths
from appliance.domain.instances.walk import Walk


def following(walk: Walk) -> str:
    """The path of the step to undo next; "" when one is at work, or when all is undone (then the instance ends)."""
    sql = "SELECT * FROM nodes WHERE instance_id = :id AND scope = :undo"
    for row in walk.db.rows(sql, _which(walk)):
        walk.keep(row)
    begun = {node.path: node for node in walk.nodes.values() if node.scope == paths.UNDO}
    if any(node.open for node in begun.values()):
        return ""
    for path in _done(walk):
        step = walk.outline.find(path)
        if step and step.compensate and paths.path(paths.UNDO, path) not in begun:
            return path
    _end(walk, [node for node in begun.values() if node.state == "failed"])
    return ""


def _done(walk: Walk) -> list[str]:
    """Every step that was done and may have a compensation, the last to end first."""
    names, params = records.named(sorted(walk.outline.undone))
    sql = f"""SELECT * FROM nodes WHERE instance_id = :id AND state = 'done' AND kind <> 'item' AND scope <> :undo
      AND step_id IN ({names})"""
    found = {row["path"]: nodes.node(row) for row in walk.db.rows(sql, params | _which(walk))}
    found |= {path: node for path, node in walk.nodes.items() if path in found or path in walk.fresh | walk.changed}
    done = [node for node in found.values() if node.state == "done" and node.scope != paths.UNDO]
    done.sort(key=lambda node: (node.finished_at or "", node.ord), reverse=True)
    return [node.path for node in done]


def _which(walk: Walk) -> dict[str, str]:
    return {"id": walk.instance.id, "undo": paths.UNDO}


def _end(walk: Walk, failed: list[nodes.Node]) -> None:
    if failed:
        said = "; ".join(f"{paths.undone(node.path)}: {node.failure_detail}" for node in failed)
        before = walk.news.get("failure_detail", walk.instance.failure_detail)
        walk.news["failure_detail"] = f"{before} Undoing failed too, {said}"[:2000]
    ending.failed(walk)
