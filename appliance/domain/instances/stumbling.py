"""A workflow over which the program itself trips: it ends with a sentence, and everything else goes on."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, standing
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import ending, landing, nodes, rows
from appliance.errors import Problem

# The box's trouble, not a workflow's: all of it is tried again.
TROUBLE = ("unavailable", "disk_full")


class Stumbled(Exception):
    """Looking at this instance failed, and would each time; what was written with it has to be rolled back."""

    def __init__(self, instance_id: str, why: str) -> None:
        super().__init__(instance_id)
        self.instance_id = instance_id
        self.why = why


def over(instance_id: str, error: BaseException) -> Stumbled | None:
    """What an error means that came up while this instance was looked at; None for what is not its own."""
    trouble = isinstance(error, Problem) and error.code in TROUBLE
    if trouble or not isinstance(error, Exception):
        return None
    said = error.detail if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
    return Stumbled(instance_id, f"AgentHQ could not go on with it. {said[:500]}. The log has the details.")


def give_up(db: Database, stumbled: Stumbled) -> None:
    """End the instance as failed, after the rollback; should that fail too, leave it as it stands, unlooked at."""
    try:
        with db.transaction():
            _fail(db, stumbled)
    except BaseException:
        with db.transaction():
            db.update("instances", {"id": stumbled.instance_id}, moved=False)
        raise


def _fail(db: Database, stumbled: Stumbled) -> None:
    now, instance = clock.iso(), rows.by_id(db, stumbled.instance_id)
    waiting = nodes.open_of(db, instance.id)
    nodes.cancel_open(db, instance.id)
    for node in waiting:
        ending.stop(db, node)
    state = "cancelled" if instance.task_state == "cancelled" else "failed"
    values = {"failure_code": "internal", "failure_detail": stumbled.why, "finished_at": now, "updated_at": now}
    db.update("instances", {"id": instance.id}, state=state, moved=False, **values)
    events.record(db, SYSTEM, f"instance.{state}", task_id=instance.task_id, instance_id=instance.id)
    standing.block(db, instance.task_id, "needs_decision", stumbled.why)
    landing.instance(db, instance.id)
