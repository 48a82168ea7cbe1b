"""What reaches an open run: comments of people and the ends of sub-tasks wait as a wake until the run was told.

A run that ends before its next turn has not read them; the wake then does what wakes do.
"""

import msgspec

from appliance.db.database import Database
from appliance.domain import awaited, comments, records, wake_rows
from appliance.domain.awaited import Child
from appliance.domain.comments import Comment
from appliance.domain.runs import Run
from appliance.domain.wake_rows import Wake

READ = "Read by the run that was open."


def unread(db: Database, run: Run) -> list[Comment]:
    """What people wrote since the run began and it has not been told, oldest first."""
    found = wake_rows.queued(db, run.agent_id, run.task_id)
    asked = {cause["about"] for cause in found.causes if cause["reason"] == "commented"} if found else set()
    return [comment for comment in comments.of_task(db, run.task_id) if comment.id in asked] if asked else []


def read(db: Database, run: Run, told: list[Comment]) -> None:
    """The run was told, in the transaction that records it; what else its wake is about stays queued."""
    _take(db, run, {comment.id for comment in told})


def heard(db: Database, run: Run, told: list[Child]) -> None:
    """The same for sub-tasks that ended or are stuck: it is not woken for them once more."""
    awaited.told(db, run, told)
    _take(db, run, {child.id for child in told})


def _take(db: Database, run: Run, about: set[str]) -> None:
    found = wake_rows.queued(db, run.agent_id, run.task_id) if about else None
    if found is None:
        return
    left = [cause for cause in found.causes if cause["about"] not in about]
    if not left:
        wake_rows.settle(db, found, "coalesced", READ, run.id)
    elif len(left) < len(found.causes):
        db.update("wakes", {"id": found.id}, causes=records.dump(left), reason=left[0]["reason"])
        wake_rows.settle(db, _part(found, about), "coalesced", READ, run.id)


def _part(found: Wake, about: set[str]) -> Wake:
    causes = [cause for cause in found.causes if cause["about"] in about]
    made = wake_rows.draft(found.agent_id, found.task_id, causes[0]["reason"], causes[0]["event"], "")
    return msgspec.structs.replace(made, causes=causes, origin_run=found.origin_run, chain=found.chain)
