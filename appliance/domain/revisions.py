"""Revisions of agents: every change makes one; a run keeps the one it began with."""

from typing import Any

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.actor import Actor


class Revision(msgspec.Struct, frozen=True):
    revision: int
    data: dict[str, Any]
    actor: str
    at: str


FIELDS = ("name", "title", "manager_id", "instructions", "model", "tools", "max_concurrency")


def of_agent(db: Database, agent_id: str) -> list[Revision]:
    """Newest first."""
    rows = db.rows("SELECT * FROM agent_revisions WHERE agent_id = :id ORDER BY revision DESC", {"id": agent_id})
    return [records.to(Revision, row, ("data",)) for row in rows]


def at(db: Database, agent_id: str, revision: int) -> dict[str, Any]:
    """The revised fields as they were: name, title, instructions, model, tools, …"""
    sql = "SELECT data FROM agent_revisions WHERE agent_id = :id AND revision = :revision"
    return dict(msgspec.json.decode(db.value(sql, {"id": agent_id, "revision": revision})))


def keep(db: Database, actor: Actor, row: Row) -> None:
    data = {k: row[k] for k in FIELDS} | {"tools": msgspec.json.decode(row["tools"])}
    kept = {"agent_id": row["id"], "revision": row["revision"], "data": records.dump(data)}
    db.insert("agent_revisions", {**kept, "actor": actor.label, "at": clock.iso()})
