"""A step that asks a person."""

import msgspec

from appliance.db.database import Row
from appliance.domain import approvals
from appliance.domain.actor import SYSTEM
from appliance.domain.approvals import Ask, Option
from appliance.domain.instances import failing
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import ApprovalStep, Step
from appliance.domain.workflows.expression_rules import text_of

SAID = {"approved": "approved", "consumed": "approved", "rejected": "rejected", "expired": "expired"}


def begin(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, ApprovalStep)
    given = walk.value(node, msgspec.to_builtins(does))
    title, detail = text_of(given["ask"]), text_of(given["detail"])
    options = [Option(**{name: text_of(value) for name, value in one.items()}) for one in given["options"]]
    payload = {"workflow": walk.instance.slug, "version": walk.instance.version, "step": node.path, "ask": title}
    asked = Ask(
        "step",
        title[:300],
        detail,
        payload | {"detail": detail, "attempt": node.attempt},
        options=options,
        assigned_to=does.assigned_to,
        backup_to=does.backup_to,
        expires_s=does.expires_s,
        remind_s=does.remind_s,
        escalate_s=does.escalate_s,
    )
    found = approvals.ask(walk.db, SYSTEM, asked, task_id=walk.instance.task_id, step_key=node.path)
    walk.change(node, state="waiting", approval_id=found.id, failure_code="", failure_detail="")


def land(walk: Walk, node: Node, step: Step, row: Row) -> None:
    does = step.does
    assert isinstance(does, ApprovalStep)
    if row["asked_state"] == "withdrawn":
        return failing.fail(walk, node, "cancelled", "The question was withdrawn.")
    verdict = SAID.get(row["asked_state"])
    if verdict is None:
        return
    option = msgspec.json.decode(row["given"]).get("option")
    output = {"verdict": verdict, "option": option, "note": row["note"], "by": row["decided_name"]}
    if verdict == "approved" or does.on_reject == "continue":
        walk.done(node, output)
    else:
        note = f" They said: {row['note']}" if row["note"] else ""
        said = f"{row['decided_name']} said no." if verdict == "rejected" else "Nobody decided in time."
        failing.fail(walk, walk.change(node, output=output), verdict, said + note)
