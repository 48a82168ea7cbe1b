"""The steps of a workflow in words: what each is called, and its picture."""

import re

from appliance.domain.workflows.definition import Step

ICONS = {
    "agent": "bot",
    "approval": "hand",
    "wait": "clock",
    "http": "globe",
    "command": "terminal",
    "map": "repeat",
    "when": "split",
    "workflow": "workflow",
    "item": "circle-dot",
}
KINDS = {
    "agent": "Agent",
    "approval": "Approval",
    "wait": "Wait",
    "http": "HTTP request",
    "command": "Command",
    "map": "For each",
    "when": "Condition",
    "workflow": "Workflow",
    "item": "Item",
}
JOINS = {"all": "", "any": "any of", "collect": "the end of"}
_HOLE = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_NAME = re.compile(r"[\w.]+\Z")


def name(step: Step) -> str:
    """What the step is called on a page."""
    return holes(step.title) or step.id.replace("_", " ").capitalize()


def after(step: Step) -> str:
    """What it waits for, in words; "" when it starts at once."""
    if not step.needs:
        return ""
    which = f"{step.least} of" if step.join == "least" else JOINS[step.join]
    return f"{which} {', '.join(step.needs)}".strip() if len(step.needs) > 1 else step.needs[0]


def holes(value: object) -> str:
    """A template for people: what will be put in stands in braces, by its last name where it is only a name."""
    text = value if isinstance(value, str) else "a list" if value is not None else ""
    return _HOLE.sub(lambda found: _hole(found[1]), text).strip()


def _hole(expression: str) -> str:
    parts = expression.split(".")
    # steps.review.output is told by the step, inputs.change by the input.
    last = parts[1] if parts[0] == "steps" and len(parts) > 2 and parts[-1] == "output" else parts[-1]
    return f"{{{last if _NAME.match(expression) else expression}}}"
