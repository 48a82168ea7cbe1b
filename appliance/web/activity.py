"""The event log: who did what, when."""

from typing import Any

from litestar import Controller, get

from appliance.db.database import Database
from appliance.domain import agents, event_lists, events, members, tasks
from appliance.domain.schedules import rows
from appliance.errors import Problem
from appliance.web import doers, respond
from appliance.web.doers import Doer
from appliance.web.frame import Frame, hue
from appliance.web.respond import Reply

NOUNS = ("task", "run", "step", "agent", "workflow", "instance", "schedule", "comment", "provider", "budget", "price")
MOST = 1000


class ActivityPages(Controller):
    path = "/activity"

    @get("/", sync_to_thread=True)
    def index(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        kind: str = "",
        task: str = "",
        agent: str = "",
        cursor: str = "",
    ) -> Reply:
        page = event_lists.listing(db, kind, _task_id(db, task), agent, cursor=cursor)
        team = agents.all(db)
        known = doers.known(members.every(control, frame.tenant.id), team)
        named = rows.names(db, [event.actor for event in page.items])
        known |= {label: Doer(name, hue(label), "schedule") for label, name in named.items()}
        lines = [(event, doers.of(event, known)) for event in page.items]
        chosen = {"kind": kind, "task": task, "agent": agent, "cursor": cursor}
        shown: dict[str, Any] = {"lines": lines, "next": page.next_cursor, "chosen": chosen, "agents": team}
        return respond.page(frame, "activity/index.html", **shown, nouns=NOUNS)


class EventLogApi(Controller):
    path = "/events"
    tags = ["events"]

    @get("/", sync_to_thread=True, summary="Events after a number, oldest first")
    def listing(self, db: Database, after: int = 0, limit: int = 200) -> dict[str, Any]:
        """Go on with `after` = the last `seq`; the same events come live from `/events/stream`."""
        return {"items": events.since(db, after, max(1, min(limit, MOST))), "last_seq": events.last(db)}


def _task_id(db: Database, ref: str) -> str:
    """A number that no task has matches nothing, rather than everything."""
    try:
        return tasks.get(db, ref.strip().removeprefix("#")).id if ref.strip() else ""
    except Problem:
        return "none"


PAGES = [ActivityPages]
API = [EventLogApi]
