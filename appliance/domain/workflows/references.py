"""What a workflow names outside itself: agents, and other workflows, which must not lead back to it."""

from collections.abc import Iterator

from appliance.db.database import Database
from appliance.domain import agents
from appliance.domain.workflows import version_rows
from appliance.domain.workflows.definition import AgentStep, Definition, Step, WorkflowStep
from appliance.domain.workflows.nearest import meant
from appliance.domain.workflows.places import Fault


def faults(db: Database, made: Definition) -> list[Fault]:
    """Their `line` is 0: what is missing is not in the text."""
    here = {agent.slug for agent in agents.all(db)} | {agent.slug for agent in made.agents}
    found: list[Fault] = []
    for n, brought in enumerate(made.agents):
        if brought.manager and brought.manager not in here:
            found.append(_fault(f"agents[{n}].manager", _no_agent(brought.manager, here)))
    for path, step in walk(made.steps):
        for where, slug in _agents(step):
            if slug not in here:
                found.append(_fault(f"{path}.{where}", _no_agent(slug, here)))
        if isinstance(step.does, WorkflowStep) and (message := _sub(db, made.slug, step.does)):
            found.append(_fault(f"{path}.workflow", message))
    return found


def walk(block: list[Step], path: str = "steps") -> Iterator[tuple[str, Step]]:
    """Every step however deep, with its path in the text."""
    for n, step in enumerate(block):
        at = f"{path}[{n}]"
        yield at, step
        if step.compensate:
            yield f"{at}.compensate", step.compensate
        for name, inner in step.blocks.items():
            yield from walk(inner, f"{at}.{name}")


def _agents(step: Step) -> Iterator[tuple[str, str]]:
    if isinstance(step.does, AgentStep):
        yield "agent", step.does.agent
        for n, check in enumerate(step.does.checks):
            reviewer = check.spec.get("agent", "")
            if check.kind == "reviewer_agent" and "${{" not in reviewer:
                yield f"checks[{n}].agent", reviewer


def _sub(db: Database, slug: str, does: WorkflowStep) -> str:
    if does.workflow == slug:
        return "a workflow can't carry itself out"
    row = _newest(db, does.workflow)
    if row is None:
        return f"there is no workflow {does.workflow}; apply it first"
    number = does.version or row[1]
    if not version_rows.digest_of(db, row[0], number):
        return f"{does.workflow} has no version {number}; its newest is {row[1]}"
    through = _leads_to(db, slug, row[0], number, {does.workflow})
    return f"{does.workflow} leads back to {slug} by way of {through}" if through else ""


def _leads_to(db: Database, slug: str, workflow_id: str, number: int, seen: set[str]) -> str:
    """The workflow through which a version leads to `slug`; "" when it does not."""
    for _, step in walk(version_rows.definition(db, workflow_id, number).steps):
        if not isinstance(step.does, WorkflowStep):
            continue
        if step.does.workflow == slug:
            return "itself" if len(seen) == 1 else sorted(seen)[-1]
        row = _newest(db, step.does.workflow)
        if row is None or step.does.workflow in seen:
            continue
        seen.add(step.does.workflow)
        if _leads_to(db, slug, row[0], step.does.version or row[1], seen):
            return step.does.workflow
    return ""


def _newest(db: Database, slug: str) -> tuple[str, int] | None:
    row = db.one("SELECT id, version FROM workflows WHERE slug = :slug AND archived_at IS NULL", {"slug": slug})
    return (row["id"], row["version"]) if row else None


def _fault(path: str, message: str) -> Fault:
    return Fault(path, 0, message)


def _no_agent(slug: str, here: set[str]) -> str:
    said = f"there is no agent {slug}{meant(slug, here)}"
    return said if said.endswith("?") else f"{said}; hire it, or let the workflow bring it (agents)"
