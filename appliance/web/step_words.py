"""Steps of a run in words: what each kind is, what a repetition of it means, how long it took."""

from typing import Any

from appliance import clock
from appliance.domain.steps import Step
from appliance.web import filters

ICONS = {"model": "sparkles", "tool": "wrench", "step": "zap", "wait": "clock", "note": "info"}
TOOLS = {
    "workspace.read": "file-text",
    "workspace.write": "pencil",
    "workspace.list": "folder",
    "workspace.search": "search",
    "workspace.run": "terminal",
    "http.get": "link",
    "task.comment": "message-square",
    "task.finish": "flag",
    "task.ask": "hand",
    "task.create": "list-filter",
    "task.delegate": "git-branch",
    "task.wait": "clock",
    "task.look": "list-filter",
    "org.look": "users",
}
NOTES = {"brief": "Told the agent what to do", "verdict": "Told the agent which checks fail"}
NOTES |= {"results of sub-tasks": "Told the agent what its sub-tasks came to"}
EFFECTS = {
    "tx": "One piece with its record: it happened once",
    "idempotent": "Safe to do again",
    "keyed": "Done again under the same key, so the other side knows it",
    "checkable": "Looked up before it is done again",
    "once": "Never done again unless a person says so",
}


def icon(step: Step) -> str:
    return TOOLS.get(step.name, ICONS[step.kind]) if step.kind == "tool" else ICONS.get(step.kind, "circle-dot")


def took(step: Step) -> str:
    """ "" for what took no time to speak of, or is not over."""
    if not step.finished_at:
        return ""
    ms = int(clock.seconds_between(step.started_at, step.finished_at) * 1000)
    return filters.duration_ms(ms) if ms >= 10 else ""


def wait_title(step: Step) -> str:
    given: dict[str, Any] = step.input if isinstance(step.input, dict) else {}
    over = step.state == "done"
    if "signal" in given:
        late = over and step.result.get("late")
        name = given["signal"]
        return f"The signal {name} did not come" if late else f"{'Got' if over else 'Waits for'} the signal {name}"
    if "seconds" in given:
        return f"{'Waited' if over else 'Waits'} {filters.duration(given['seconds'])}"
    if "sub_tasks" in given:
        what = "its sub-tasks" if given["sub_tasks"] == "all" else "the answer"
        return f"{'Waited' if over else 'Waits'} for {what}"
    return f"A person decided: {step.name}"


def tokens(said: dict[str, Any]) -> str:
    if "in" not in said:
        return ""
    cached = f" ({said['cached']:,} cached)" if said.get("cached") else ""
    return f"{said['in']:,} in{cached} · {said['out']:,} out"
