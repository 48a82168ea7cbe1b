"""Acceptance checks: what must hold before a task is done. The server judges them, never the agent.

A spec is a JSON object: contains {"text", "file"?} · not_contains the same · regex {"pattern", "file"?} ·
json_schema {"schema", "file"?} · file_exists {"path"} · human_ack {"question"?}.
Without `file` the task's result is judged.
"""

from typing import Any

import msgspec
import regex

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain import records, schema
from appliance.errors import invalid

REQUIRED = {
    "contains": "text",
    "not_contains": "text",
    "regex": "pattern",
    "json_schema": "schema",
    "file_exists": "path",
    "human_ack": None,
}
TEXTS = {"text", "file", "pattern", "path", "question"}


class NewCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    spec: dict[str, Any] = {}


class Check(msgspec.Struct, frozen=True):
    """`state` is open, pass, fail or waived; `detail` says why it failed."""

    id: str
    task_id: str
    ord: int
    kind: str
    spec: dict[str, Any]
    state: str
    detail: str
    judged_at: str | None
    judged_by: str | None

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
            "human_ack": str(self.spec.get("question") or "a person accepts the result"),
        }[self.kind]


def add(db: Database, task_id: str, new: list[NewCheck]) -> None:
    """Append checks to a task. Raises Problem(invalid) naming the one at fault."""
    if not new:
        return
    start = int(db.value("SELECT COALESCE(MAX(ord), 0) AS n FROM checks WHERE task_id = :id", {"id": task_id}))
    for number, check in enumerate(new, 1):
        _validate(number, check)
        row = {"id": ids.new(), "task_id": task_id, "ord": start + number, "kind": check.kind, "state": "open"}
        db.insert("checks", row | {"spec": records.dump(check.spec)})


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


def reset(db: Database, task_id: str) -> None:
    """Open every check again, for another cycle of the task."""
    db.update("checks", {"task_id": task_id}, state="open", detail="", judged_at=None, judged_by=None)


def _validate(number: int, check: NewCheck) -> None:
    field = f"checks[{number}]"
    if check.kind not in REQUIRED:
        raise invalid(**{field: f"unknown kind '{check.kind}'; there are {', '.join(REQUIRED)}"})
    needed = REQUIRED[check.kind]
    if needed and not check.spec.get(needed):
        raise invalid(**{field: f"a {check.kind} check needs '{needed}'"})
    for name in TEXTS & check.spec.keys():
        if not isinstance(check.spec[name], str):
            raise invalid(**{field: f"'{name}' must be text"})
    if check.kind == "json_schema" and (wrong := schema.broken(check.spec["schema"])):
        raise invalid(**{field: wrong})
    if check.kind == "regex":
        try:
            regex.compile(check.spec["pattern"])
        except regex.error as error:
            raise invalid(**{field: str(error)}) from error
