"""Running programs in the task's workspace."""

import shlex
from typing import Any

from appliance.children import plain, programs
from appliance.children.programs import Ended
from appliance.engine.tools.tool import Bench, Tool, arguments

TIMEOUT_S = 120
LONGEST_S = 600
OUTPUT_LIMIT = 16_000


def run(bench: Bench, command: str, timeout_s: float) -> Ended:
    """Run `command`, which no shell reads, in the workspace. Raises Problem(forbidden) when that is not a folder."""
    bench.step_aside()
    return programs.run(
        shlex.split(command),
        cwd=bench.workspace.home(),
        env=plain() | {"AGENTHQ_TASK": str(bench.task.number)},
        timeout_s=timeout_s,
        output_limit=OUTPUT_LIMIT,
        cancelled=bench.cancelled,
    )


def fault(ended: Ended, timeout_s: float) -> str:
    """How it ended, when that was not well; "" when it was."""
    if ended.cancelled:
        return "It was stopped."
    if ended.timed_out:
        return f"It was stopped after {timeout_s:.0f} s."
    if ended.code < 0:
        return f"It was ended by signal {-ended.code}."
    return f"It ended with exit code {ended.code}." if ended.code else ""


def _run(bench: Bench, given: dict[str, Any]) -> str:
    timeout_s = given.get("timeout_s", TIMEOUT_S)
    try:
        ended = run(bench, given["command"], timeout_s)
    except ValueError as error:
        return f"error: The command can't be read: {error}."
    said = fault(ended, timeout_s)
    text = "\n".join(part for part in (said, ended.output) if part)
    return f"error: {text}" if said else text or "It ended well and wrote nothing."


_COMMAND = {
    "type": "string",
    "pattern": r"\S",
    "maxLength": 8000,
    "description": "A program with its arguments, for example: python3 test.py. For pipes and the like: sh -c '…'",
}
_TIMEOUT = {"type": "integer", "minimum": 1, "maximum": LONGEST_S, "description": f"Seconds, {TIMEOUT_S} when left out"}
TOOLS = (
    Tool(
        "workspace.run",
        "once",
        "Run a program in the folder of the workspace; the answer is what it wrote. What it starts ends with it.",
        arguments(("command",), command=_COMMAND, timeout_s=_TIMEOUT),
        _run,
        needs_approval=True,
    ),
)
