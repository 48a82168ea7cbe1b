"""A workflow as it is stored and carried out: what reading makes of the YAML, with every default filled in.

Texts and values may hold `${{ … }}` (expressions.py). All durations are seconds.
"""

from typing import Any, Literal

import msgspec

from appliance.domain.approval_rows import Option
from appliance.domain.checks import NewCheck

Join = Literal["all", "any", "least", "collect"]
OnFailure = Literal["fail", "continue"]


class Retry(msgspec.Struct, frozen=True):
    """`max_attempts` counts the first; the pause is base, then `factor` times the last, at most `cap_s`.

    `retry_on` holds failure codes; empty means every code.
    """

    max_attempts: int = 3
    base_s: float = 1.0
    factor: float = 2.0
    cap_s: float = 300.0
    retry_on: list[str] = []


class AgentStep(msgspec.Struct, frozen=True, tag="agent"):
    """Hand a task to an agent. Its output is {text, data, files, task}.

    `data` is the JSON in `output_file`, which has to fit `output_schema`; None without one.
    """

    agent: str
    title: str = ""
    body: str = ""
    checks: list[NewCheck] = []
    labels: list[str] = []
    priority: int = 1
    budget_usd: str | None = None
    output_file: str = ""
    output_schema: dict[str, Any] | None = None


class ApprovalStep(msgspec.Struct, frozen=True, tag="approval"):
    """Ask a person. The output is {verdict, option, note, by}; a no fails the step unless `on_reject` says continue."""

    ask: str
    detail: str = ""
    options: list[Option] = []
    assigned_to: str | None = None
    backup_to: str | None = None
    expires_s: float | None = None
    remind_s: float | None = None
    escalate_s: float | None = None
    on_reject: OnFailure = "fail"


class WaitStep(msgspec.Struct, frozen=True, tag="wait"):
    """Wait `seconds`, or until the time `until` names, or for a `signal` of at most `within_s`.

    The output is {payload, late}; a signal that does not come in time fails the step unless `on_late` says continue.
    """

    seconds: float | None = None
    until: str = ""
    signal: str = ""
    within_s: float | None = None
    payload_schema: dict[str, Any] | None = None
    on_late: OnFailure = "fail"


class HttpStep(msgspec.Struct, frozen=True, tag="http"):
    """One request to a host that a person has allowed. The output is {status, body}: JSON decoded, otherwise text."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = {}
    body: Any = None
    expect: list[int] = []
    effect: str = "idempotent"


class CommandStep(msgspec.Struct, frozen=True, tag="command"):
    """A program in the workflow's workspace. The output is {code, text, data}; `data` is the text as JSON, if it is."""

    command: str
    effect: str = "once"


class MapStep(msgspec.Struct, frozen=True, tag="map"):
    """The steps `do` for each item, at most `bound` items at once.

    The output is a list in the order of the items: `output` for each, or the output of its last step; joined by
    collect it is {ok, output, error} for each.
    """

    items: Any
    do: list["Step"]
    bound: int = 10
    output: Any = None
    join: Join = "all"
    least: int = 0


class WhenStep(msgspec.Struct, frozen=True, tag="when"):
    """`then` or `otherwise`, by a condition that must be true or false. The output is {taken, last}."""

    condition: str
    then: list["Step"]
    otherwise: list["Step"] = []


class WorkflowStep(msgspec.Struct, frozen=True, tag="workflow"):
    """Another workflow with these inputs; the output is its output. `version` None is the newest when it starts."""

    workflow: str
    inputs: dict[str, Any] = {}
    version: int | None = None


Does = AgentStep | ApprovalStep | WaitStep | HttpStep | CommandStep | MapStep | WhenStep | WorkflowStep


class Step(msgspec.Struct, frozen=True):
    """`needs` names steps of the same list; `join` says how many of them have to end well before it starts.

    all: each · any: one · least: `least` of them · collect: they have ended, well or not. `compensate` undoes the step
    when the workflow fails after it; its own `id` is `undo`.
    """

    id: str
    does: Does
    title: str = ""
    needs: list[str] = []
    join: Join = "all"
    least: int = 0
    retry: Retry | None = None
    timeout_s: float | None = None
    compensate: "Step | None" = None

    @property
    def kind(self) -> str:
        return str(self.does.__struct_config__.tag)

    @property
    def blocks(self) -> dict[str, list["Step"]]:
        """The lists of steps inside it, by name."""
        match self.does:
            case MapStep():
                return {"do": self.does.do}
            case WhenStep():
                return {"then": self.does.then, "otherwise": self.does.otherwise}
        return {}


class Brought(msgspec.Struct, frozen=True):
    """An agent that the workflow brings along: made when the workflow is applied and there is none of this slug."""

    slug: str
    name: str
    instructions: str
    title: str = ""
    manager: str | None = None
    model: str = ""
    tools: list[str] = []
    budget_usd_month: str | None = None


class Definition(msgspec.Struct, frozen=True):
    """`inputs` is the JSON Schema of an object, {} for none; `output` a template, else what the last steps gave."""

    slug: str
    name: str
    steps: list[Step]
    description: str = ""
    inputs: dict[str, Any] = {}
    output: Any = None
    output_schema: dict[str, Any] | None = None
    timeout_s: float | None = None
    agents: list[Brought] = []
