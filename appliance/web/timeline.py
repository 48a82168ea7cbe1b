"""A run's steps as `tasks/_steps.html` reads them: what happened, when, with what, and what it cost."""

from typing import Any, NamedTuple

from appliance import clock
from appliance.domain.runs import Run
from appliance.domain.steps import Step
from appliance.web import step_words

PREVIEW, LINES = 560, 8
ENDS = {
    "ready": ("wait", "Queued", "clock"),
    "succeeded": ("ok", "Finished", "circle-check"),
    "incomplete": ("wait", "Ended without a result", "triangle-alert"),
    "failed": ("bad", "Failed", "circle-alert"),
    "timed_out": ("bad", "Took too long", "clock"),
    "cancelled": ("wait", "Cancelled", "circle-x"),
    "parked": ("wait", "Stopped: it needs a decision", "hand"),
}
WAITS = {
    "approval": ("Waiting for a person to agree", "hand"),
    "signal": ("Waiting for the signal {wait_key}", "clock"),
    "budget": ("Waiting for budget", "wallet"),
    "quota": ("The provider asked to slow down", "clock"),
    "child": ("Waiting for sub-tasks", "git-branch"),
    "input": ("Waiting for an answer", "hand"),
}
ARGUMENTS = ("path", "url", "command", "text", "summary")
STATES = ("failed", "waiting", "intent", "confirmed", "again")


class Line(NamedTuple):
    """One line; `state` is shown as a pill, `until` counts down, `more` is what the run's own page adds."""

    id: str
    at: str
    tone: str
    title: str
    icon: str = "circle-dot"
    tool: str = ""
    detail: str = ""
    output: str = ""
    cost_nano: int = 0
    simulated: bool = False
    note: str = "recorded"
    state: str = ""
    href: str = ""
    link: str = ""
    running: bool = False
    until: str = ""
    more: Any = None


def lines(run: Run, steps: list[Step], base: str = "") -> list[Line]:
    """Every step that says something, then what the run does now or how it ended."""
    shown = [line(step, run) for step in steps if step.kind != "note"]
    return [*shown, *last(run, steps, base)]


def took_ms(run: Run) -> int | None:
    """From the first claim to the end, or to now; None before the first claim."""
    if run.started_at is None:
        return None
    return int(clock.seconds_between(run.started_at, run.finished_at or clock.iso()) * 1000)


def line(step: Step, run: Run) -> Line:
    made = _BY_KIND.get(step.kind, _plain)(step)._replace(icon=step_words.icon(step), simulated=run.simulated)
    if step.fence == 0:
        made = made._replace(note="taken over")
    if step.state not in STATES:
        return made
    tone = {"failed": "bad", "waiting": "wait", "intent": "wait"}.get(step.state, made.tone)
    until = step.result.get("until") or "" if (step.state, run.state) == ("waiting", "waiting") else ""
    return made._replace(state=step.state, tone=tone, until=until)


def _model(step: Step) -> Line:
    failed = step.state == "failed"
    said = step.result
    tools = ", ".join(said.get("tools") or [])
    title = "No answer from the model" if failed else _line(said.get("preview")) or f"Chose {tools or 'no tool'}"
    tries = f"{step.attempts} tries" if step.attempts > 1 else ""
    parts = (step.name, step_words.tokens(said), tries, step_words.took(step))
    detail = " · ".join(part for part in parts if part)
    return Line(str(step.ord), step.started_at, "model", title, detail=detail, cost_nano=step.cost_nano, note="")


def _tool(step: Step) -> Line:
    given = step.input if isinstance(step.input, dict) else {}
    ok = step.result.get("ok", True)
    argument = next((str(given[name]) for name in ARGUMENTS if given.get(name)), "")
    plain = any(name in given for name in ARGUMENTS[:3])
    title = _line(argument) if plain else f"“{_line(argument)}”" if argument else ""
    output = given.get("content") or step.result.get("preview", "")
    tone = "ok" if step.name == "task.finish" and ok else "tool" if ok else "bad"
    made = Line(str(step.ord), step.started_at, tone, title, tool=step.name, output=_cut(output if ok else ""))
    detail = "" if ok else str(step.result.get("preview", "")).removeprefix("error: ")
    return made._replace(detail=detail, note="recorded" if ok else "refused")


def _wait(step: Step) -> Line:
    return Line(str(step.ord), step.started_at, "ok", step_words.wait_title(step))


def _note(step: Step) -> Line:
    return Line(str(step.ord), step.started_at, "", step_words.NOTES.get(step.name, step.name))


def _plain(step: Step) -> Line:
    value = step.result.get("value")
    output = value if isinstance(value, str) else ""
    return Line(str(step.ord), step.started_at, "tool", "", tool=step.name, output=_cut(output))


_BY_KIND = {"model": _model, "tool": _tool, "wait": _wait, "note": _note}


def last(run: Run, steps: list[Step], base: str) -> list[Line]:
    """What the run does now or how it ended; nothing when its last step says so already."""
    now = steps[-1].finished_at or steps[-1].started_at if steps else run.started_at or run.created_at
    if run.state == "running":
        title = "Stopping" if run.cancel_requested else "Working on the next step"
        return [Line("now", now, "model", title, "sparkles", note="", running=True)]
    if run.state == "waiting":
        return [] if steps and steps[-1].state == "waiting" else [_waiting(run, now, base)]
    tone, title, icon = ENDS[run.state]
    at = run.finished_at or now
    detail = "" if run.reason == "in_doubt" else run.failure_detail
    return [Line("end", at, tone, title, icon, detail=detail, state=run.state, note="")]


def _waiting(run: Run, at: str, base: str) -> Line:
    title, icon = WAITS.get(run.reason, ("Waiting; it goes on by itself", "clock"))
    until = run.ready_at if run.ready_at < "9" else ""
    href = f"{base}/approvals/{run.wait_key}" if run.reason == "approval" and run.wait_key else ""
    made = Line("now", at, "wait", title.format(wait_key=run.wait_key), icon, detail=run.failure_detail)
    return made._replace(state="waiting", note="", until=until, href=href, link="Decide" if href else "")


def _line(text: object) -> str:
    """The first line, short enough for a title."""
    first = str(text or "").strip().partition("\n")[0]
    return first if len(first) <= 140 else first[:139] + "…"


def _cut(text: object) -> str:
    whole = str(text).strip("\n")
    part = "\n".join(whole[:PREVIEW].splitlines()[:LINES])
    return part if len(part) == len(whole) else f"{part}…"
