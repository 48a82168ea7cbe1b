"""A workflow over which the program itself trips: it ends with a sentence, and everything else goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, standing, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import ending, landing
from appliance.errors import Problem

# The box's trouble, not a workflow's: all of it is tried again.
TROUBLE = ("unavailable", "maintenance", "disk_full")


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


@contextmanager
def named(instance_id: str) -> Iterator[None]:
    """What fails in it is this instance's."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Stumbled) and (stumbled := over(instance_id, error)):
            raise stumbled from error
        raise


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
    given = {"id": stumbled.instance_id, "now": clock.iso()}
    for row in db.rows(_CANCEL, given):
        ending.stop(db, row["task_id"], row["approval_id"], row["child_id"])
    task_id = str(db.value("SELECT task_id FROM instances WHERE id = :id", given))
    state = "cancelled" if tasks.get(db, task_id).state == "cancelled" else "failed"
    values = {"failure_code": "internal", "failure_detail": stumbled.why, "updated_at": given["now"]}
    db.update("instances", {"id": given["id"]}, state=state, moved=False, finished_at=given["now"], **values)
    events.record(db, SYSTEM, f"instance.{state}", task_id=task_id, instance_id=given["id"])
    standing.block(db, task_id, "needs_decision", stumbled.why)
    landing.instances(db, [given["id"]])


# No value is read that may be what the program tripped over.
_CANCEL = """
UPDATE nodes SET state = 'cancelled', landed = FALSE, wake_at = NULL, due_at = NULL, finished_at = :now
WHERE instance_id = :id AND finished_at IS NULL RETURNING task_id, approval_id, child_id
"""
