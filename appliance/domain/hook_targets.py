"""What a delivery does: one Struct for each kind of target, with what it checks and what it carries out.

Texts and values of a target may hold `${{ … }}` over `body` and `headers` (lower-case names).
"""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import agents, signals, tasks
from appliance.domain.actor import Actor
from appliance.domain.instances import rows as instances
from appliance.domain.instances import starting
from appliance.domain.instances import verbs as instance_verbs
from appliance.domain.task_forms import NewTask
from appliance.domain.workflows import expressions, library
from appliance.errors import Problem, invalid, not_found

KNOWN = frozenset({"body", "headers"})
WHOLE = "${{ body }}"
_OPEN = "${{"


class Given(msgspec.Struct, frozen=True):
    """What was posted: the decoded body, its headers by lower-case name, and the sender's name of the delivery."""

    body: Any
    headers: dict[str, str]
    idem: str = ""

    def fill(self, template: Any) -> Any:
        """Raises Problem(invalid) when an expression can't be worked out on this delivery."""
        return expressions.value(template, {"body": self.body, "headers": self.headers})

    def text(self, template: str, field: str) -> str:
        value = self.fill(template)
        if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
            raise invalid(**{field: f"{template} gave no text or number"})
        return str(value)


class Made(msgspec.Struct, frozen=True):
    """`reason` is the sentence for the sender; the ids are of what the delivery made or reached."""

    reason: str
    task_id: str | None = None
    task: int | None = None
    run_id: str | None = None
    instance_id: str | None = None


class Refused(Problem):
    """The state of the work does not allow it: a delivery that is answered, not an error."""

    def __init__(self, reason: str) -> None:
        super().__init__("conflict", reason)


class TaskSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="signal"):
    """Send `signal` (else the hook's name) with the body to the open run of `task`, by id or number."""

    task: str
    signal: str = ""

    def settled(self, db: Database) -> "TaskSignal":
        if self.signal:
            signals.check_name(self.signal)
        return TaskSignal(_field("task", tasks.get, db, self.task).id, self.signal)

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
        _templates(self.fields, "fields")
        agent = self.fields.get("assignee")
        if isinstance(agent, str) and _OPEN not in agent and not agent.startswith("member:"):
            _field("fields.assignee", agents.find, db, agent)
        return self

    def carry_out(self, db: Database, actor: Actor, given: Given) -> Made:
        made = tasks.create(db, actor, self._new(given))
        said = f"Task #{made.number} was made{' and started' if made.run_id else ''}."
        return Made(said, made.id, made.number, made.run_id)

    def _new(self, given: Given) -> NewTask:
        filled = {name: given.fill(value) for name, value in self.fields.items()}
        if isinstance(filled["title"], str):
            # What comes from outside is as long as it likes; a title is a line.
            filled["title"] = " ".join(filled["title"].split())[:200]
        try:
            return msgspec.convert(filled, NewTask, strict=False)
        except msgspec.ValidationError as error:
            raise invalid(task=str(error)) from error


class StartWorkflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="workflow"):
    """Start a workflow with these inputs. Of a `key` there is one instance, however many deliveries name it."""

    workflow: str
    inputs: Any = {}
    version: int | None = None
    key: str = ""

    def settled(self, db: Database) -> "StartWorkflow":
        found = _field("workflow", library.get, db, self.workflow)
        if self.version is not None:
            _field("version", library.version, db, found.slug, self.version)
        if not isinstance(self.inputs, dict) and not (isinstance(self.inputs, str) and _OPEN in self.inputs):
            raise invalid(inputs=f"give an object of inputs, or {WHOLE}")
        _templates(self.inputs, "inputs")
        _templates(self.key, "key")
        return self

    def carry_out(self, db: Database, actor: Actor, given: Given) -> Made:
        inputs = given.fill(self.inputs)
        if not isinstance(inputs, dict):
            raise invalid(inputs="the body is no object")
        idem = given.text(self.key, "key") if self.key else ""
        found = starting.start(db, actor, self.workflow, inputs, version=self.version, idem=idem, cause="hook")
        task = tasks.get(db, found.task_id)
        return Made(f"{self.workflow} #{task.number} was started.", task.id, task.number, instance_id=found.id)


class InstanceSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="instance"):
    """Send `signal` to an instance: `instance` by id or number, or that of `workflow` that was started with `key`."""

    signal: str
    instance: str = ""
    workflow: str = ""
    key: str = ""
    payload: Any = WHOLE

    def settled(self, db: Database) -> "InstanceSignal":
        signals.check_name(self.signal)
        if bool(self.instance) == bool(self.key):
            raise invalid(instance="name an instance, or a workflow and the key its instances were started with")
        if self.key:
            _field("workflow", library.get, db, self.workflow)
        elif _OPEN not in self.instance:
            _field("instance", instances.get, db, self.instance)
        for name in ("instance", "key", "payload"):
            _templates(getattr(self, name), name)
        return self

    def carry_out(self, db: Database, actor: Actor, given: Given) -> Made:
        found = self._found(db, given)
        task = tasks.get(db, found.task_id)
        instance_verbs.signal(db, actor, found.id, self.signal, given.fill(self.payload), given.idem)
        said = f"The signal is kept for {found.workflow} #{task.number}."
        return Made(said, task.id, task.number, instance_id=found.id)

    def _found(self, db: Database, given: Given) -> instances.Instance:
        if not self.key:
            return instances.get(db, given.text(self.instance, "instance"))
        key = given.text(self.key, "key")
        sql = """SELECT i.id FROM instances i JOIN workflows w ON w.id = i.workflow_id
          WHERE w.slug = :slug AND i.idem = :key ORDER BY i.id DESC"""
        found = db.value(sql, {"slug": self.workflow, "key": key})
        if found is None:
            raise not_found(f"instance of {self.workflow} with the key {key}")
        return instances.get(db, found)


Target = TaskSignal | StartTask | StartWorkflow | InstanceSignal


def check_condition(text: str) -> None:
    """Raises Problem(invalid) for a condition that can't be understood."""
    if text and not text.strip().startswith(_OPEN):
        raise invalid(only_if="write it as ${{ … }}, such as ${{ body.action == 'opened' }}")
    _templates(text, "only_if")


def _templates(value: Any, path: str) -> None:
    """Raises Problem(invalid) with the place of the first expression at fault."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _templates(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            _templates(inner, f"{path}[{n}]")
    elif isinstance(value, str) and (fault := expressions.check(value, KNOWN)):
        raise invalid(**{path: fault})


def _field(name: str, get: Any, db: Database, *ref: Any) -> Any:
    """What `get` finds; that there is nothing is the fault of this field."""
    try:
        return get(db, *ref)
    except Problem as problem:
        if problem.code != "not_found":
            raise
        raise invalid(**{name: problem.detail}) from None
