"""Targets that are tasks: a signal to the run of one, and a new one."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import agents, signals, tasks
from appliance.domain.actor import Actor
from appliance.domain.hook_given import Given, Made, Refused, check_templates, field
from appliance.domain.task_forms import NewTask
from appliance.domain.workflows.expression_parts import OPENING
from appliance.errors import invalid

TITLE_LIMIT = 200


class TaskSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="signal"):
    """Send `signal` (else the hook's name) with the body to the open run of `task`, by id or number."""

    task: str
    signal: str = ""

    def settled(self, db: Database) -> "TaskSignal":
        if self.signal:
            signals.check_name(self.signal)
        return TaskSignal(field("task", tasks.get, db, self.task).id, self.signal)

    def carry_out(self, db: Database, actor: Actor, given: Given) -> Made:
        task, name = tasks.get(db, self.task), self.signal or actor.name
        made = {"task_id": task.id, "task": task.number}
        if given.idem and signals.arrived(db, task.id, name, given.idem):
            return Made("It had arrived before; nothing was sent again.", **made)  # type: ignore[arg-type]
        if not task.open:
            raise Refused(f"The task is {task.state}.")
        if task.run_id is None:
            raise Refused("The task has no run yet.")
        sent = signals.send(db, actor, task.run_id, name, given.body, given.idem)
        return Made("The signal is kept for the run.", run_id=sent.run_id, **made)  # type: ignore[arg-type]


class StartTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="task"):
    """Make a task of the fields of a new task, such as title, body, assignee and labels."""

    fields: dict[str, Any]

    def settled(self, db: Database) -> "StartTask":
        unknown = sorted(set(self.fields) - set(NewTask.__struct_fields__))
        if unknown:
            raise invalid(**{f"fields.{unknown[0]}": "is not a field of a task"})
        if not str(self.fields.get("title") or "").strip():
            raise invalid(**{"fields.title": "say what is to be done"})
        check_templates(self.fields, "fields")
        _check_commands(self.fields.get("checks"))
        agent = self.fields.get("assignee")
        if isinstance(agent, str) and OPENING not in agent and not agent.startswith("member:"):
            field("fields.assignee", agents.find, db, agent)
        return self

    def carry_out(self, db: Database, actor: Actor, given: Given) -> Made:
        made = tasks.create(db, actor, self._new(given))
        said = f"Task #{made.number} was made{' and started' if made.run_id else ''}."
        return Made(said, made.id, made.number, made.run_id)

    def _new(self, given: Given) -> NewTask:
        filled = {name: given.fill(value) for name, value in self.fields.items()}
        filled |= {name: _text(filled[name]) for name in ("title", "body") if name in filled}
        agent = filled.get("assignee")
        if isinstance(agent, str) and agent.startswith("member:") and agent != self.fields["assignee"]:
            raise Refused("What comes from outside can give work to an agent, not to a person.")
        if isinstance(filled["title"], str):
            # What comes from outside is as long as it likes; a title is a line.
            filled["title"] = " ".join(filled["title"].split())[:TITLE_LIMIT]
        if isinstance(filled.get("labels"), list):
            filled["labels"] = [_text(label) for label in filled["labels"]]
        try:
            return msgspec.convert(filled, NewTask, strict=False)
        except msgspec.ValidationError as error:
            raise invalid(task=str(error)) from error


def _check_commands(checks: Any) -> None:
    """Raises Problem(invalid) when a sender could have a say in what program is run."""
    if isinstance(checks, str):
        raise invalid(**{"fields.checks": "list the checks; what comes from outside can't choose them"})
    for n, check in enumerate(checks if isinstance(checks, list) else []):
        runs = isinstance(check, dict) and check.get("kind") == "command_exit_0"
        if isinstance(check, str) or OPENING in str(check if runs else isinstance(check, dict) and check.get("kind")):
            raise invalid(**{f"fields.checks[{n}]": "what comes from outside can't choose a check or its command"})


def _text(value: Any) -> Any:
    """Numbers as text; anything else as it is."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
