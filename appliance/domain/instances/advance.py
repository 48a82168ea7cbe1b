"""Moving an instance on: read what has landed, decide what follows, write it. Driven by rows alone.

Any process may do it, in any order, after any crash: a mark is committed with what it tells of, and taken away with
what followed from it.
"""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, handing_out
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import blocks, ending, landing, making, paths, rows, stumbling
from appliance.domain.instances.kinds import LANDED
from appliance.domain.instances.walk import Walk

MOST = 50
# Nobody else writes while workflows are looked at.
LONGEST_S = 0.25


def moved(db: Database, most: int = MOST) -> int:
    """Look at the instances that something has moved, those too that this moves; how many. In a transaction.

    Raises Stumbled for one over which the program trips; the transaction is void then.
    """
    looked, until = 0, clock.monotonic() + LONGEST_S
    while looked < most and clock.monotonic() < until and (found := db.rows(_MOVED, {"most": most - looked})):
        db.known.pop(landing.MOVED, None)
        for row in found:
            try:
                advance(db, row["id"])
            except BaseException as error:
                if stumbled := stumbling.over(row["id"], error):
                    raise stumbled from error
                raise
        looked += len(found)
        if landing.MOVED not in db.known:
            break
    return looked


_MOVED = "SELECT id FROM instances WHERE moved ORDER BY updated_at, id LIMIT :most"


def advance(db: Database, instance_id: str) -> None:
    """Look at one, if it has moved. In a transaction; a paused one is left for when it goes on."""
    if not db.execute("UPDATE instances SET moved = FALSE WHERE id = :id AND moved", {"id": instance_id}):
        return
    instance = rows.by_id(db, instance_id)
    cancelled = instance.task_state == "cancelled"
    if not instance.open or (instance.state == "paused" and not cancelled):
        return
    walk = Walk(db, instance, rows.outline(db, instance.workflow_id, instance.version))
    if cancelled:
        ending.cancel(walk)
    else:
        _look(walk)
    _write(walk)


def _look(walk: Walk) -> None:
    landed = walk.db.rows(LANDED, {"id": walk.instance.id})
    for row in landed:
        walk.keep(row)
    walk.read({row["scope"] for row in landed})
    for row in landed:
        blocks.land(walk, row)
    if not landed or any(row["kind"] in ("map", "when") for row in landed):
        walk.look(paths.UNDO if walk.state == "undoing" else "")
    while walk.ahead and "finished_at" not in walk.news:
        scope = next(iter(walk.ahead))
        del walk.ahead[scope]
        blocks.look(walk, scope)
    due = walk.instance.due_at
    if walk.state == "running" and due and due <= clock.iso():
        ending.fail(walk, "timeout", "The workflow took longer than its time limit.", "")
        while walk.ahead:
            scope = next(iter(walk.ahead))
            del walk.ahead[scope]
            blocks.look(walk, scope)


def _write(walk: Walk) -> None:
    """Tasks before the nodes that name them, and ends outside only once the nodes no longer wait for them."""
    db, instance = walk.db, walk.instance
    waited = {node.task_id for node in walk.nodes.values() if node.open}
    live = [order for order in walk.orders if order.id in waited]
    walk.unmade({order.id for order in walk.orders} - waited)
    depth = making.depth(db, instance.id) if instance.parent_id else 1
    if live:
        handing_out.hand_out(db, live, instance.id, depth)
    walk.write()
    for task_id in walk.again:
        handing_out.again(db, task_id, instance.id, depth)
    for node in walk.stopped:
        ending.stop(db, node.task_id, node.approval_id, node.child_id)
    _note(walk)
    ending.tell(db, walk)
    if walk.more and "finished_at" not in walk.news:
        landing.moved(db, instance.id)


def _note(walk: Walk) -> None:
    if walk.fresh or walk.changed:
        about = {"task_id": walk.instance.task_id, "instance_id": walk.instance.id}
        events.record(walk.db, SYSTEM, "instance.moved", **about)
