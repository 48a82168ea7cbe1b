"""A step that waits: for a while, until a moment, or for a signal."""

from appliance import clock
from appliance.db.database import Row
from appliance.domain.instances import failing, signals
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import Step, WaitStep
from appliance.domain.workflows.expression_rules import text_of
from appliance.errors import invalid

LONGEST_S = 10 * 366 * 86_400


def begin(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, WaitStep)
    told = {"failure_code": "", "failure_detail": "", "state": "waiting"}
    if does.signal:
        until = None if does.within_s is None else clock.ahead(min(does.within_s, LONGEST_S))
        name = text_of(walk.value(node, does.signal))
        _take(walk, walk.change(node, wake_at=until, wait_key=name, **told), does)
    elif does.until:
        node = walk.change(node, wake_at=_moment(walk.value(node, does.until)), **told)
        _over(walk, node)
    else:
        walk.change(node, wake_at=clock.ahead(min(does.seconds or 0, LONGEST_S)), **told)


def land(walk: Walk, node: Node, step: Step, row: Row) -> None:
    does = step.does
    assert isinstance(does, WaitStep)
    if does.signal:
        _take(walk, node, does)
    else:
        _over(walk, node)


def _over(walk: Walk, node: Node) -> None:
    if node.wake_at and node.wake_at <= clock.iso():
        walk.done(node, {"payload": None, "late": False})


def _take(walk: Walk, node: Node, does: WaitStep) -> None:
    """The oldest signal of the name, also one from before; it is used up with the step's end."""
    if found := signals.take(walk.db, node.instance_id, node.wait_key, node.path):
        walk.done(node, {"payload": found.payload, "late": False})
    elif node.wake_at and node.wake_at <= clock.iso():
        if does.on_late == "continue":
            walk.done(node, {"payload": None, "late": True})
        else:
            failing.fail(walk, node, "late", f"The signal {node.wait_key} did not come in time.")


def _moment(given: object) -> str:
    try:
        return clock.iso(clock.parse(str(given)))
    except (ValueError, OverflowError):
        raise invalid(until=f"“{given}” is not a time such as 2030-01-31T09:00:00Z") from None
