"""The event log: who did what, when."""

from typing import Any

import msgspec
from litestar import Controller, get

from appliance.db.database import Database
from appliance.domain import agents, events, members, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.agents import Agent
from appliance.domain.events import Told
from appliance.domain.members import Member
from appliance.domain.schedules import rows
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.frame import Frame, hue
from appliance.web.respond import Reply

NOUNS = ("task", "run", "step", "agent", "workflow", "instance", "schedule", "comment", "provider", "budget")
MOST = 1000
STRANGERS = {"member": "A former member", "key": "An API key", "agent": "A removed agent", "hook": "A hook"}
STRANGERS |= {"schedule": "A schedule", "system": SYSTEM.name}


class Doer(msgspec.Struct, frozen=True):
    name: str
    hue: int
    kind: str = "member"


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
        page = events.listing(db, kind, _task_id(db, task), agent, cursor=cursor)
        team = agents.all(db)
        doers = _doers(members.every(control, frame.tenant.id), team)
        named = rows.names(db, [event.actor for event in page.items])
        doers |= {label: Doer(name, hue(label), "schedule") for label, name in named.items()}
        lines = [(event, _doer(event, doers)) for event in page.items]
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


def _doer(event: Told, doers: dict[str, Doer]) -> Doer:
    """What the engine notes about a run was done by the run's agent."""
    if event.actor == SYSTEM.label and event.agent_id:
        return doers.get(f"agent:{event.agent_id}") or stranger(f"agent:{event.agent_id}")
    return doers.get(event.actor) or stranger(event.actor)


def stranger(label: str) -> Doer:
    """Somebody who is gone, or no person at all."""
    kind = label.partition(":")[0]
    return Doer(STRANGERS.get(kind, kind), hue(label), kind)


def _doers(members: list[Member], team: list[Agent]) -> dict[str, Doer]:
    found = {f"member:{person.id}": Doer(person.name, hue(person.id)) for person in members}
    return found | {f"agent:{agent.id}": Doer(agent.name, hue(agent.id), "agent") for agent in team}


def _task_id(db: Database, ref: str) -> str:
    """A number that no task has matches nothing, rather than everything."""
    try:
        return tasks.get(db, ref.strip().removeprefix("#")).id if ref.strip() else ""
    except Problem:
        return "none"


PAGES = [ActivityPages]
API = [EventLogApi]
