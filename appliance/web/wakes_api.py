"""Wakes over HTTP, and what they are chosen by."""

from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import agents, tasks, wake_counts, wake_list
from appliance.domain.wake_list import Filter, Listed
from appliance.errors import Problem
from appliance.web import respond

# The framework keeps the name `state` for itself.
State = Annotated[str, QueryParameter(name="state")]
NONE = "none"


class WakesApi(Controller):
    path = "/wakes"
    tags = ["events"]

    @get("/", sync_to_thread=True, summary="Wakes of agents, newest first, with what became of each")
    def listing(
        self,
        db: Database,
        in_state: State = "",
        reason: FromQuery[str] = "",
        agent: FromQuery[str] = "",
        task: FromQuery[str] = "",
        chain: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> dict[str, Any]:
        """`state`: queued, run, coalesced, skipped, dropped, tripped; `agent` a slug, `task` a number."""
        chosen = wanted(db, in_state, reason, agent, task, chain)
        found = wake_list.listing(db, chosen, cursor, respond.limit(limit))
        return {"items": found.items, "next_cursor": found.next_cursor}

    @get("/counts", sync_to_thread=True, summary="What became of the wakes of the last 24 hours")
    def counts(self, db: Database) -> dict[str, int]:
        return wake_counts.counts(db)

    @get("/chains/{chain:str}", sync_to_thread=True, summary="The wakes of one chain, the first one first")
    def chain(self, db: Database, chain: FromPath[str]) -> dict[str, list[Listed]]:
        return {"items": wake_list.chain(db, chain)}


def wanted(db: Database, state: str, reason: str, agent: str, task: str, chain: str) -> Filter:
    """A name that nobody has matches nothing, rather than everything."""
    return Filter(state, reason, _id(db, agent, agents.get), _id(db, task.strip().removeprefix("#"), tasks.get), chain)


def _id(db: Database, ref: str, get: Any) -> str:
    try:
        return str(get(db, ref).id) if ref else ""
    except Problem:
        return NONE
