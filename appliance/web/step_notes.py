"""What a step of a workflow does, in a few words."""

from appliance.domain.workflows.definition import (
    AgentStep,
    ApprovalStep,
    CommandStep,
    HttpStep,
    MapStep,
    Step,
    WaitStep,
    WhenStep,
    WorkflowStep,
)
from appliance.web import filters, step_kinds


def note(step: Step) -> str:
    """What the step does, short enough for its box."""
    does = step.does
    match does:
        case AgentStep():
            return does.agent
        case ApprovalStep():
            return step_kinds.holes(does.ask)
        case WaitStep():
            return _wait(does)
        case HttpStep():
            return f"{does.method} {step_kinds.holes(does.url).partition('://')[2] or step_kinds.holes(does.url)}"
        case CommandStep():
            return step_kinds.holes(does.command)
        case _:
            return _block(does)


def _block(does: MapStep | WhenStep | WorkflowStep) -> str:
    match does:
        case MapStep():
            return f"{step_kinds.holes(does.items)} · {does.bound} at once"
        case WhenStep():
            return f"if {step_kinds.holes(does.condition)}"
        case WorkflowStep():
            return f"{does.workflow} · version {does.version}" if does.version else does.workflow


def _wait(does: WaitStep) -> str:
    if does.signal:
        within = f", at most {filters.span(does.within_s)}" if does.within_s else ""
        return f"for {does.signal}{within}"
    return f"until {step_kinds.holes(does.until)}" if does.until else filters.span(does.seconds or 0)
