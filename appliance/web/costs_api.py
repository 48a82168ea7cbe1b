"""What the work cost, over HTTP: the calls of the ledger."""

from typing import Any

from litestar import Controller, get

from appliance.db.database import Database
from appliance.domain import adjustments, ledger
from appliance.domain.ledger import CallFilter
from appliance.web import money
from appliance.web.narrowing import State


class CallsApi(Controller):
    path = "/calls"
    tags = ["costs"]

    @get("/", sync_to_thread=True, summary="Calls in the ledger, newest first")
    def listing(
        self,
        db: Database,
        limit: int = 50,
        cursor: str = "",
        task_id: str = "",
        agent_id: str = "",
        model: str = "",
        key_id: str = "",
        session_id: str = "",
        surface: str = "",
        provider_id: str = "",
        state_is: State = "",
    ) -> dict[str, Any]:
        """`surface` is agent, messages, chat, responses or embeddings; `state` is open, ok, failed or lost."""
        only = CallFilter(task_id, agent_id, model, key_id, session_id, surface, provider_id, state_is)
        found = ledger.calls(db, limit, cursor, only)
        return {"items": money.with_usd(found.items), "next_cursor": found.next_cursor}

    @get("/{call_id:str}", sync_to_thread=True, summary="One call with its attempts and what was priced anew")
    def one(self, db: Database, call_id: str) -> dict[str, Any]:
        call: dict[str, Any] = money.with_usd(ledger.call(db, call_id))
        found = {"attempts": ledger.attempts(db, call_id), "adjustments": adjustments.of(db, call_id)}
        return call | dict(money.with_usd(found))
