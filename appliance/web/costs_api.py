"""What the work cost, over HTTP: the calls of the ledger."""

from typing import Any

from litestar import Controller, get

from appliance.db.database import Database
from appliance.domain import ledger
from appliance.web import money


class CallsApi(Controller):
    path = "/calls"
    tags = ["costs"]

    @get("/", sync_to_thread=True, summary="Calls in the ledger, newest first")
    def listing(
        self, db: Database, limit: int = 50, cursor: str = "", task_id: str = "", agent_id: str = "", model: str = ""
    ) -> dict[str, Any]:
        found = ledger.calls(db, limit, cursor, task_id, agent_id, model)
        return {"items": money.with_usd(found.items), "next_cursor": found.next_cursor}

    @get("/{call_id:str}", sync_to_thread=True, summary="One call with its attempts")
    def one(self, db: Database, call_id: str) -> dict[str, Any]:
        call: dict[str, Any] = money.with_usd(ledger.call(db, call_id))
        return call | {"attempts": money.with_usd(ledger.attempts(db, call_id))}
