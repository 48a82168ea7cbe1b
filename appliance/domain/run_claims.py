"""Who worked on a run and how each claim of it ended, read from the event log."""

import msgspec

from appliance.db.database import Database
from appliance.domain import event_lists
from appliance.domain.events import Event
from appliance.domain.runs import Run

ENDS = ("waiting", "released", "parked", "succeeded", "incomplete", "failed", "cancelled", "timed_out")


class Claim(msgspec.Struct, frozen=True):
    """`number` is the claim's fence; `owner` the process that had it. `end` is "" while it holds, else one of ENDS.

    `why` says more: lost or stopped for a released one, what a waiting one waits for, why it is parked, the code.
    """

    number: int
    owner: str
    at: str
    until: str | None = None
    end: str = ""
    why: str = ""


def of_run(db: Database, run: Run) -> list[Claim]:
    """Oldest first. Each start raised the fence by one."""
    found: list[Claim] = []
    for event in event_lists.of_run(db, run.task_id, run.id):
        word = event.kind.removeprefix("run.")
        if word == "started":
            found.append(Claim(len(found) + 1, str(event.data.get("owner", "")), event.at))
        elif word in ENDS and found and not found[-1].end:
            found[-1] = msgspec.structs.replace(found[-1], until=event.at, end=word, why=_why(event))
    return found


def _why(event: Event) -> str:
    return str(next((event.data[name] for name in ("why", "reason", "code") if event.data.get(name)), ""))
