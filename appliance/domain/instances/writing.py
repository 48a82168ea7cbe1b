"""What was decided about instances, written: a few statements for all of them."""

from msgspec import structs

from appliance.db.database import Database
from appliance.domain import events, handing_out
from appliance.domain.actor import SYSTEM
from appliance.domain.handing_out import Line
from appliance.domain.instances import ending, landing, making, nodes
from appliance.domain.instances.walk import Walk


def write(db: Database, walks: list[Walk]) -> None:
    """Tasks before the nodes that name them, and ends outside only once the nodes no longer wait for them."""
    if not walks:
        return
    lines = _hand_out(db, walks)
    _nodes(db, walks)
    for walk in walks:
        for task_id in walk.again:
            handing_out.again(db, task_id, *lines[walk.instance.task_id])
        for node in walk.stopped:
            ending.stop(db, node.task_id, node.approval_id, node.child_id)
        if walk.fresh or walk.changed:
            about = {"task_id": walk.instance.task_id, "instance_id": walk.instance.id}
            events.record(db, SYSTEM, "instance.moved", **about)
    ending.tell(db, walks)
    for walk in walks:
        if walk.more and "finished_at" not in walk.news:
            landing.moved(db, walk.instance.id)


def _hand_out(db: Database, walks: list[Walk]) -> dict[str, Line]:
    """The tasks of the steps that have begun and not ended since."""
    live, lines = [], {}
    for walk in walks:
        instance = walk.instance
        depth = making.depth(db, instance.id) if instance.parent_id else 1
        lines[instance.task_id] = Line(instance.id, depth)
        if walk.orders:
            waited = {node.task_id for node in walk.nodes.values() if node.open}
            live += [order for order in walk.orders if order.id in waited]
            walk.unmade({order.id for order in walk.orders} - waited)
    if live:
        handing_out.hand_out(db, live, lines)
    return lines


def _nodes(db: Database, walks: list[Walk]) -> None:
    made, changed = [], []
    for walk in walks:
        new, old = walk.changes()
        made += new
        changed += old
    if made:
        first = db.next_number("node", len(made)) - len(made) + 1
        nodes.insert_all(db, [structs.replace(node, ord=first + n) for n, node in enumerate(made)])
    nodes.update_all(db, changed)
