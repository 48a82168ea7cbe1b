"""Wakes: what set agents to work or was kept from it, with cause, chain and depth; the API is in wakes_api.py."""

from typing import Any

from litestar import Controller, get
from litestar.params import FromQuery

from appliance.db.database import Database
from appliance.domain import agents, wake_counts, wake_list
from appliance.domain.wake_list import Filter
from appliance.domain.wake_rows import REASONS, STATES
from appliance.errors import Problem
from appliance.web import respond, wake_words, wakes_api
from appliance.web.frame import Frame
from appliance.web.respond import Reply
from appliance.web.wakes_api import NONE, State, WakesApi


class WakesPages(Controller):
    path = "/activity/wakes"

    @get("/", sync_to_thread=True)
    def index(
        self,
        frame: Frame,
        db: Database,
        in_state: State = "",
        reason: FromQuery[str] = "",
        agent: FromQuery[str] = "",
        task: FromQuery[str] = "",
        chain: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Reply:
        given = {"state": in_state, "reason": reason, "agent": agent, "task": task, "chain": chain}
        try:
            page = wake_list.listing(db, wakes_api.wanted(db, **given), cursor)
        except Problem as problem:
            if problem.code != "invalid":
                raise
            page = wake_list.listing(db, Filter(task_id=NONE))
        chosen = given | {"cursor": cursor}
        shown: dict[str, Any] = {"lines": wake_words.lines(db, page.items, frame.base), "chosen": chosen}
        shown |= {"next": wake_words.older(given, page.next_cursor), "counts": wake_counts.counts(db)}
        shown |= {"tripped": wake_counts.tripped(db), "agents": agents.all(db), "states": STATES, "reasons": REASONS}
        shown["tree"] = wake_words.tree(db, chain, frame.base) if chain and not cursor else []
        return respond.page(frame, "activity/wakes.html", **shown)


PAGES = [WakesPages]
API = [WakesApi]
