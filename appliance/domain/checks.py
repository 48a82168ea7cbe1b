"""Acceptance checks: what must hold before a task is done. The server judges them, never the agent.

A spec is a JSON object: contains {"text", "file"?} · not_contains the same · regex {"pattern", "file"?} ·
json_schema {"schema", "file"?} · file_exists {"path"} · command_exit_0 {"command", "timeout_s"?} · url_200 {"url"} ·
reviewer_agent {"agent", "rubric"} · human_ack {"question"?}. Without `file` the task's result is judged.
"""

from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain import agents, check_forms, events, records
from appliance.domain.actor import Actor
from appliance.domain.check_forms import NEEDED, NewCheck
from appliance.errors import Problem, invalid, not_found

__all__ = ["NEEDED", "Check", "NewCheck", "add", "get", "keep", "of_task", "reset", "waive"]

REASON_LIMIT = 1000


class Check(msgspec.Struct, frozen=True):
    """`state` is open, pass, fail or waived; `detail` says why it failed, `waiver` why that does not matter."""

    id: str
    task_id: str
    ord: int
    kind: str
    spec: dict[str, Any]
    state: str
    detail: str
    judged_at: str | None
    judged_by: str | None
    waiver: str = ""

    @property
    def sentence(self) -> str:
        """The check in words, for people and for the agent's prompt."""
        where = f"file {self.spec['file']}" if self.spec.get("file") else "the result"
        return {
            "contains": f"{where} contains “{self.spec.get('text')}”",
            "not_contains": f"{where} does not contain “{self.spec.get('text')}”",
            "regex": f"{where} matches {self.spec.get('pattern')}",
            "json_schema": f"{where} fits the JSON schema",
            "file_exists": f"file {self.spec.get('path')} exists",
            "command_exit_0": f"the command “{self.spec.get('command')}” ends with exit code 0",
            "url_200": f"{self.spec.get('url')} answers 200",
            "reviewer_agent": f"{self.spec.get('agent')} finds: {' '.join(str(self.spec.get('rubric')).split())}",
            "human_ack": str(self.spec.get("question") or "a person accepts the result"),
        }[self.kind]


def add(db: Database, actor: Actor, task_id: str, new: list[NewCheck]) -> None:
    """Append checks to a task. Raises Problem(invalid) naming the one at fault.

    A person who names a command has approved it; an agent can't. Raises Problem(forbidden) for that.
    """
    if not new:
        return
    if actor.kind == "agent" and any(check.kind == "command_exit_0" for check in new):
        raise Problem("forbidden", "An agent can't have a command run as a check.")
    start = int(db.value("SELECT COALESCE(MAX(ord), 0) AS n FROM checks WHERE task_id = :id", {"id": task_id}))
    for number, check in enumerate(new, 1):
        check_forms.validate(number, check)
        if check.kind == "reviewer_agent":
            _reviewer(db, task_id, number, check.spec["agent"])
        row = {"id": ids.new(), "task_id": task_id, "ord": start + number, "kind": check.kind, "state": "open"}
        db.insert("checks", row | {"spec": records.dump(check.spec)})


def get(db: Database, task_id: str, ref: str) -> Check:
    """One check of a task, by id or by its place from 1. Raises Problem(not_found)."""
    found = next((check for check in of_task(db, task_id) if ref in (check.id, str(check.ord))), None)
    if found is None:
        raise not_found("check of this task")
    return found


def of_task(db: Database, task_id: str) -> list[Check]:
    rows = db.rows("SELECT * FROM checks WHERE task_id = :id ORDER BY ord", {"id": task_id})
    return [records.to(Check, row, ("spec",)) for row in rows]


def keep(db: Database, verdicts: dict[str, str], by: str) -> None:
    """Store verdicts in the open transaction; a waived check stays waived."""
    for check_id, fault in verdicts.items():
        state = "fail" if fault else "pass"
        sql = """UPDATE checks SET state = :state, detail = :detail, judged_at = :at, judged_by = :by
                 WHERE id = :id AND state <> 'waived'"""
        db.execute(sql, {"state": state, "detail": fault, "at": clock.iso(), "by": by, "id": check_id})


def waive(db: Database, actor: Actor, check_id: str, reason: str) -> None:
    """A person lets the task be done without this check. Waiving it again changes nothing.

    Raises Problem(not_found), Problem(conflict) for one that has passed, and Problem(invalid) without a reason.
    """
    actor.need("operator")
    if not reason.strip() or len(reason) > REASON_LIMIT:
        raise invalid(reason=f"say in at most {REASON_LIMIT:,} characters why the task may be done without it")
    if actor.kind == "agent":
        raise Problem("forbidden", "An agent can't waive a check.")
    given = {"id": check_id, "waiver": reason.strip(), "at": clock.iso(), "by": actor.label}
    sql = """UPDATE checks SET state = 'waived', waiver = :waiver, judged_at = :at, judged_by = :by
             WHERE id = :id AND state IN ('open', 'fail') RETURNING task_id"""
    with db.transaction():
        row = db.one(sql, given)
        if row is None:
            return _not_waived(db, check_id)
        events.record(db, actor, "check.waived", task_id=row["task_id"], check=check_id, reason=reason.strip())


def reset(db: Database, task_id: str) -> None:
    """Open every check again, for another cycle of the task; who waived one stays in the events."""
    db.update("checks", {"task_id": task_id}, state="open", detail="", judged_at=None, judged_by=None, waiver="")


def _not_waived(db: Database, check_id: str) -> None:
    row = db.one("SELECT state FROM checks WHERE id = :id", {"id": check_id})
    if row is None:
        raise not_found("check")
    if row["state"] != "waived":
        raise Problem("conflict", "The check has passed; there is nothing to waive.")


def _reviewer(db: Database, task_id: str, number: int, slug: str) -> None:
    fault = ""
    try:
        found = agents.find(db, slug)
        doer = db.value("SELECT agent_id FROM tasks WHERE id = :id", {"id": task_id})
        fault = f"{slug} does the work itself; let another agent review it" if found["id"] == doer else ""
    except Problem:
        fault = f"there is no agent {slug}"
    if fault:
        raise invalid(**{f"checks[{number}]": fault})
