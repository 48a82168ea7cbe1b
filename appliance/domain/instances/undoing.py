"""Compensation: after a failure, what was done is undone in the reverse order of its ending, one step at a time."""

from appliance.domain import records
from appliance.domain.instances import ending, nodes, paths
from appliance.domain.instances.walk import Walk


def following(walk: Walk) -> str:
    """The path of the step to undo next; "" when one is at work, or when all is undone (then the instance ends)."""
    if any(node.open for node in _undo(walk, "finished_at IS NULL")):
        return ""
    for path in _done(walk):
        step = walk.outline.find(path)
        if step and step.compensate and paths.path(paths.UNDO, path) not in walk.nodes:
            return path
    _end(walk, [node for node in _undo(walk, "state = 'failed'") if node.state == "failed"])
    return ""


def _undo(walk: Walk, which: str) -> list[nodes.Node]:
    """What has begun to be undone, as far as it is so or this look has to do with it."""
    sql = f"SELECT * FROM nodes WHERE instance_id = :id AND scope = :undo AND {which}"
    for row in walk.db.rows(sql, _which(walk)):
        walk.keep(row)
    return [node for node in walk.nodes.values() if node.scope == paths.UNDO]


def _done(walk: Walk) -> list[str]:
    """Every step that was done, may have a compensation and has not begun to be undone; the last to end first."""
    names, params = records.named(sorted(walk.outline.undone))
    sql = f"""SELECT path, finished_at, ord FROM nodes n WHERE instance_id = :id AND state = 'done' AND kind <> 'item'
      AND scope <> :undo AND step_id IN ({names}) AND NOT EXISTS (
        SELECT 1 FROM nodes u WHERE u.instance_id = :id AND u.path = :undo || '/' || n.path)"""
    found = {row["path"]: (row["finished_at"], row["ord"]) for row in walk.db.rows(sql, params | _which(walk))}
    # What this look has ended is not in its row yet.
    here = [node for path, node in walk.nodes.items() if path in found or path in walk.fresh | walk.changed]
    done = [node for node in here if node.state == "done" and node.scope != paths.UNDO]
    found = {path: ended for path, ended in found.items() if path not in walk.nodes}
    found |= {node.path: (node.finished_at or "", node.ord) for node in done}
    return sorted(found, key=lambda path: found[path], reverse=True)


def _which(walk: Walk) -> dict[str, str]:
    return {"id": walk.instance.id, "undo": paths.UNDO}


def _end(walk: Walk, failed: list[nodes.Node]) -> None:
    if failed:
        said = "; ".join(f"{paths.undone(node.path)}: {node.failure_detail}" for node in failed)
        before = walk.news.get("failure_detail", walk.instance.failure_detail)
        walk.news["failure_detail"] = f"{before} Undoing failed too, {said}"[:2000]
    ending.failed(walk)
