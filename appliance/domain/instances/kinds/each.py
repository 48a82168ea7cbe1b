"""A step that does the same for each item of a list, a bounded number of them at once.

Its counters are kept in its own row, so that an item that ends costs the same whatever the number of items.
"""

from appliance.db.database import Row
from appliance.domain.instances import failing, joins, paths
from appliance.domain.instances.joins import Items
from appliance.domain.instances.kinds import gathering
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import MapStep, Step
from appliance.errors import invalid

MOST = 100_000
# So many rows may be new in a look before it begins no more items.
AT_ONCE = 500
# As much as a file of a workspace may have; what comes after would read all of it.
OUTPUT_BYTES = 16 * 1024 * 1024


def begin(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, MapStep)
    if node.attempt > 1:
        walk.forget_below(node.path)
    items = walk.value(node, does.items)
    if not isinstance(items, list):
        raise invalid(map="what it goes through has to be a list")
    if len(items) > MOST:
        raise invalid(map=f"a map takes at most {MOST:,} items; this list has {len(items):,}")
    data = {"total": len(items), "next": 0, "open": 0, "done": 0, "failed": 0}
    told = {"failure_code": "", "failure_detail": ""}
    node = walk.change(node, state="running", input=items, data=data, **told)
    _go_on(walk, node, step)


def land(walk: Walk, node: Node, step: Step, row: Row) -> None:
    for item in walk.read_open():
        if item.scope == node.path:
            walk.look(item.path)
    _go_on(walk, node, step)


def item_ended(walk: Walk, item: Node) -> None:
    """One item has ended; the map goes on with the next, or ends."""
    node = walk.node(paths.map_of(item.path))
    if not node.open:
        return
    well = item.state == "done"
    data = dict(node.data)
    data["open"] -= 1
    data["done" if well else "failed"] += 1
    if not well and "first" not in data:
        data["first"] = [item.failure_code, item.failure_detail, item.data.get("path", item.path)]
    _go_on(walk, walk.change(node, data=data), walk.step(node))


def _go_on(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, MapStep)
    data = node.data
    stands = joins.items(Items(data["total"], data["done"], data["failed"], data["open"]), does.join, does.least)
    if stands == "done":
        if data["open"]:
            walk.stop_below(node.path)
        if gathering.size(walk, node) > OUTPUT_BYTES:
            said = (
                f"Its items give more than {OUTPUT_BYTES:,} characters together. Let each give less, or write a file."
            )
            return failing.end(walk, node, "too_large", said)
        walk.done(node, gathering.all_of(walk, node))
    elif stands == "failed":
        code, detail, path = data.get("first", ["too_few", "There are fewer items than have to end well.", node.path])
        walk.stop_below(node.path)
        failing.fail(walk, node, code, detail, path)
    else:
        _fill(walk, node, does)


def _fill(walk: Walk, node: Node, does: MapStep) -> None:
    data, kept = dict(node.data), frozenset(node.data.get("kept", ()))
    while data["open"] < does.bound and data["next"] < data["total"]:
        if len(walk.fresh) >= AT_ONCE:
            # Items that end at once would all be done in one commit; the next look goes on.
            walk.change(node, landed=True)
            walk.more = True
            break
        n = data["next"]
        path = paths.item(node.path, n)
        # An item that another instance had done already is not done again.
        if n not in kept:
            walk.add(node.path, str(n), "item", path, item=n, input=node.input[n])
            walk.begun(path)
            data["open"] += 1
        data["next"] = n + 1
    if kept:
        data["kept"] = sorted(n for n in kept if n >= data["next"])
    if data != node.data:
        walk.change(walk.nodes[node.path], data=data)
