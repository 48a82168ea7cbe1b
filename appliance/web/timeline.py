"""A run's steps as `tasks/_steps.html` reads them: what happened, when, with what, and what it cost."""

from typing import Any, NamedTuple

from appliance import clock
from appliance.domain.runs import Run
from appliance.domain.steps import Step

PREVIEW, LINES = 560, 8
ENDS = {
    "ready": ("wait", "Queued"),
    "waiting": ("wait", "Waiting; the worker is free meanwhile"),
    "succeeded": ("ok", "Finished"),
    "incomplete": ("wait", "Ended without a result"),
    "failed": ("bad", "Failed"),
    "timed_out": ("bad", "Took too long"),
    "cancelled": ("wait", "Cancelled"),
    "parked": ("wait", "Stopped: it needs a decision"),
}
ARGUMENTS = ("path", "text", "summary")


class Line(NamedTuple):
    id: str
    at: str
    tone: str
    title: str
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


def lines(run: Run, steps: list[Step]) -> list[Line]:
    """Every step that says something, then what the run does now or how it ended."""
    shown = [_step(step, run.simulated) for step in steps if step.kind in ("model", "tool")]
    return [*shown, _last(run, steps)]


def took_ms(run: Run) -> int | None:
    """From the first claim to the end, or to now; None before the first claim."""
    if run.started_at is None:
        return None
    return int(clock.seconds_between(run.started_at, run.finished_at or clock.iso()) * 1000)


def _step(step: Step, simulated: bool) -> Line:
    if step.kind == "tool":
        return _tool(step)
    failed = step.state == "failed"
    said = step.result
    tools = ", ".join(said.get("tools") or [])
    title = "No answer from the model" if failed else _line(said.get("preview")) or f"Chose {tools or 'no tool'}"
    tries = f"{step.attempts} tries" if step.attempts > 1 else ""
    detail = " · ".join(part for part in (step.name, _tokens(said), tries) if part)
    line = Line(str(step.ord), step.started_at, "bad" if failed else "model", title, detail=detail)
    return line._replace(cost_nano=step.cost_nano, simulated=simulated, note="failed" if failed else "")


def _tool(step: Step) -> Line:
    given = step.input if isinstance(step.input, dict) else {}
    ok = step.result.get("ok", True)
    argument = next((str(given[name]) for name in ARGUMENTS if name in given), "")
    title = argument if "path" in given else f"“{_line(argument)}”" if argument else ""
    output = given.get("content") or step.result.get("preview", "")
    tone = "ok" if step.name == "task.finish" and ok else "tool" if ok else "bad"
    line = Line(str(step.ord), step.started_at, tone, title, tool=step.name, output=_cut(output if ok else ""))
    detail = "" if ok else str(step.result.get("preview", "")).removeprefix("error: ")
    return line._replace(detail=detail, note="recorded" if ok else "refused")


def _last(run: Run, steps: list[Step]) -> Line:
    if run.state == "running":
        at = steps[-1].finished_at or steps[-1].started_at if steps else run.started_at
        title = "Stopping" if run.cancel_requested else "Working on the next step"
        return Line("now", at or run.created_at, "model", title, note="", running=True)
    tone, title = ENDS[run.state]
    at = run.finished_at or (steps[-1].started_at if steps else run.created_at)
    return Line("end", at, tone, title, detail=run.failure_detail, state=run.state, note="")


def _tokens(said: dict[str, Any]) -> str:
    if "in" not in said:
        return ""
    cached = f" ({said['cached']:,} cached)" if said.get("cached") else ""
    return f"{said['in']:,} in{cached} · {said['out']:,} out"


def _line(text: object) -> str:
    """The first line, short enough for a title."""
    first = str(text or "").strip().partition("\n")[0]
    return first if len(first) <= 140 else first[:139] + "…"


def _cut(text: object) -> str:
    whole = str(text).strip("\n")
    part = "\n".join(whole[:PREVIEW].splitlines()[:LINES])
    return part if len(part) == len(whole) else f"{part}…"
