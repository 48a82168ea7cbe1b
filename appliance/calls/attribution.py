"""Whose work a tool's request is: what its key covers, and what its headers claim within that."""

from typing import NamedTuple

from appliance.calls.asked import Asked
from appliance.db.database import Database
from appliance.domain import scopes
from appliance.domain.key_forms import ApiKey
from appliance.domain.scopes import Scope

_AGENT = "SELECT id FROM agents WHERE (id = :ref OR slug = :ref) AND deleted_at IS NULL"
_TASK = "SELECT id, agent_id FROM tasks WHERE id = :ref OR number = :number"
_RUN = "SELECT id, task_id, agent_id FROM runs WHERE id = :ref"


class Work(NamedTuple):
    key_id: str
    agent_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    project: str = ""
    session_id: str = ""

    def scopes(self, db: Database, provider_id: str, model: str) -> tuple[Scope, ...]:
        return scopes.of(db, provider_id=provider_id, model=model, **self._asdict())


def of(db: Database, key: ApiKey, asked: Asked) -> Work:
    """A claim that goes beyond the key, or names nothing that is there, counts for nothing."""
    agent_id = key.agent_id or _agent(db, asked.agent)
    work = Work(key.id, agent_id, project=key.project, session_id=asked.session_id)
    if asked.run and (run := db.one(_RUN, {"ref": asked.run})) and _covers(db, key, run["task_id"], run["agent_id"]):
        return work._replace(run_id=run["id"], task_id=run["task_id"], agent_id=agent_id or run["agent_id"])
    if asked.task and (task := _task(db, asked.task)) and _covers(db, key, task["id"], task["agent_id"]):
        return work._replace(task_id=task["id"])
    return work


def _agent(db: Database, ref: str) -> str | None:
    return db.value(_AGENT, {"ref": ref}) if ref else None


def _task(db: Database, ref: str) -> dict[str, str] | None:
    number = ref.removeprefix("#")
    return db.one(_TASK, {"ref": ref, "number": int(number) if number.isdecimal() and len(number) < 16 else 0})


def _covers(db: Database, key: ApiKey, task_id: str | None, agent_id: str | None) -> bool:
    if key.agent_id and agent_id != key.agent_id:
        return False
    return not key.project or Scope("project", key.project) in scopes.of(db, task_id=task_id)
