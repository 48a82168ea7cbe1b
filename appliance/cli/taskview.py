"""How a task reads in a terminal."""

from typing import Any

import msgspec

from appliance.cli.show import ago, facts, money, table, words
from appliance.domain.checks import Check
from appliance.domain.instances.rows import Instance
from appliance.domain.runs import Run
from appliance.domain.task_forms import PRIORITIES
from appliance.domain.tasks import Task
from appliance.domain.why import Why


def view(task: Task) -> dict[str, Any]:
    return {**msgspec.to_builtins(task), "assignee": task.assignee}


def about(task: Task, judged: list[Check], tried: list[Run], flow: Instance | None = None) -> str:
    parts = [_facts(task, flow)]
    if judged:
        parts.append(
            table(
                ("#", "check", "state", "why"), [(c.ord, c.sentence, c.state, c.waiver or c.detail) for c in judged], ""
            )
        )
    if tried:
        rows = [
            (r.attempt, words(r.state), r.failure_code or r.reason, money(r.cost_nano), ago(r.created_at))
            for r in tried
        ]
        parts.append(table(("run", "state", "reason", "cost", "queued"), rows, "", right=("cost",)))
    if task.result:
        parts.append(task.result)
    return "\n\n".join(parts)


def because(task: Task, found: Why) -> str:
    """The sentence, and the command that does what it suggests."""
    commands = {
        "start": f"agenthq task run {task.number}",
        "fork": f"agenthq task fork {task.number}",
        "retry": f"agenthq task retry {task.number}",
        "approve": f"agenthq task approve {task.number}",
        "reopen": f"agenthq task reopen {task.number}",
        "resume": f"agenthq agent resume {found.ref}",
        "look": f"agenthq agent show {found.ref}",
        "open": f"agenthq task show {found.ref}",
        "decide": f"agenthq approval show {found.ref}",
        "budget": "agenthq budget list",
        "provider": "agenthq provider list",
        "limits": "agenthq tenant limits",
        "run": f"agenthq task logs {task.number}",
        "workflow": f"agenthq workflow instance {found.ref}",
    }
    next_step = commands.get(found.verb)
    return f"{found.sentence}\n{found.action}: {next_step}" if next_step else found.sentence


def _facts(task: Task, flow: Instance | None) -> str:
    return facts(
        [
            (f"#{task.number}", task.title),
            ("State", words(task.state)),
            ("Because", task.blocked_detail),
            ("Workflow", flow and f"{flow.slug}: agenthq workflow instance {task.number}"),
            ("Assignee", task.agent_name or task.member_id),
            ("Priority", PRIORITIES[task.priority]),
            ("Labels", ", ".join(task.labels)),
            ("Due", task.due_at),
            ("Cost", money(task.cost_nano)),
            ("Made", ago(task.created_at)),
        ]
    )
