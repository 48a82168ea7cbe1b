"""Targets that are workflows: a new instance, and a signal to one that is under way."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import signals
from appliance.domain.actor import Actor
from appliance.domain.hook_given import WHOLE, Given, Made, check_templates, field
from appliance.domain.instances import rows, starting, verbs
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import library
from appliance.domain.workflows.expression_parts import OPENING
from appliance.errors import invalid, not_found


class StartWorkflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="workflow"):
    """Start a workflow with these inputs. Of a `key` there is one instance, however many deliveries name it."""

    workflow: str
    inputs: Any = {}
    version: int | None = None
    key: str = ""

    def settled(self, db: Database) -> "StartWorkflow":
        found = field("workflow", library.get, db, self.workflow)
        if self.version is not None:
            field("version", library.version, db, found.slug, self.version)
        if not isinstance(self.inputs, dict) and not (isinstance(self.inputs, str) and OPENING in self.inputs):
            raise invalid(inputs=f"give an object of inputs, or {WHOLE}")
        check_templates(self.inputs, "inputs")
        check_templates(self.key, "key")
        return self

    def carry_out(self, db: Database, actor: Actor, given: Given) -> Made:
        inputs = given.fill(self.inputs)
        if not isinstance(inputs, dict):
            raise invalid(inputs="the body is no object")
        idem = given.text(self.key, "key") if self.key else ""
        workflow = library.get(db, self.workflow)
        if idem and (earlier := rows.of_idem(db, workflow.id, idem)):
            return _made(f"{earlier.slug} #{earlier.number} was started with this key before.", earlier)
        found = starting.start(db, actor, workflow.slug, inputs, version=self.version, idem=idem, cause="webhook")
        return _made(f"{found.slug} #{found.number} was started.", found)


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
            field("workflow", library.get, db, self.workflow)
        elif OPENING not in self.instance:
            field("instance", rows.get, db, self.instance)
        for name in ("instance", "key", "payload"):
            check_templates(getattr(self, name), name)
        return self

    def carry_out(self, db: Database, actor: Actor, given: Given) -> Made:
        found = self._found(db, given)
        verbs.signal(db, actor, found.id, self.signal, given.fill(self.payload), given.idem)
        return _made(f"The signal is kept for {found.slug} #{found.number}.", found)

    def _found(self, db: Database, given: Given) -> Instance:
        if not self.key:
            return rows.get(db, given.text(self.instance, "instance"))
        key = given.text(self.key, "key")
        # By the slug, also when the workflow was archived meanwhile: its instances go on.
        sql = """SELECT i.id FROM instances i JOIN workflows w ON w.id = i.workflow_id
          WHERE w.slug = :slug AND i.idem = :key ORDER BY i.id DESC"""
        found = db.value(sql, {"slug": self.workflow, "key": key})
        if found is None:
            raise not_found(f"instance of {self.workflow} with the key {key}")
        return rows.by_id(db, found)


def _made(said: str, found: Instance) -> Made:
    return Made(said, found.task_id, found.number, instance_id=found.id)
