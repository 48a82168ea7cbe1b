"""Plain data in the published form → `Definition`, every short form spelled out. Takes only what had no fault."""

from typing import Any

import msgspec

from appliance.domain import check_forms
from appliance.domain.agent_forms import TOOLS
from appliance.domain.approval_rows import Option
from appliance.domain.checks import NewCheck
from appliance.domain.task_forms import PRIORITIES
from appliance.domain.workflows import definition, durations
from appliance.domain.workflows.definition import Brought, Definition, Does, Join, Retry, Step

Data = dict[str, Any]
SAFE_METHODS = ("GET", "HEAD", "PUT", "DELETE")
JOINS = ("all", "any", "collect")
__all__ = ["TOOLS"]
BESIDE = ("file", "agent")


def definition_of(data: Data) -> Definition:
    made = Definition(
        slug=data["slug"],
        name=data.get("name", "").strip() or data["slug"],
        steps=steps(data["steps"]),
        description=data.get("description", ""),
        inputs=inputs(data.get("inputs", {})),
        output=data.get("output"),
        output_schema=data.get("output_schema"),
        timeout_s=_seconds(data, "timeout"),
        agents=[_brought(agent) for agent in data.get("agents", [])],
    )
    # Through JSON, so that nothing of the reader is kept and what is stored is what is used.
    return msgspec.json.decode(msgspec.json.encode(made), type=Definition)


def inputs(given: Data) -> Data:
    """The JSON Schema of the inputs. In the short form, those without a default have to be given, and no others may."""
    if not given or is_schema(given):
        return given
    properties = {name: {"type": part} if isinstance(part, str) else part for name, part in given.items()}
    required = [name for name, part in properties.items() if not isinstance(part, dict) or "default" not in part]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def is_schema(given: Data) -> bool:
    """Whether `inputs` is a schema of an object, and not the inputs by name."""
    properties = given.get("properties")
    if given.get("type") == "object":
        return "properties" in given or set(given) <= {"type", "required", "title", "description"}
    return isinstance(properties, dict) and all(isinstance(part, dict) for part in properties.values())


def steps(block: list[Data]) -> list[Step]:
    return [_step(data, needs) for data, needs in zip(block, needs_of(block), strict=True)]


def needs_of(block: list[Data]) -> list[list[str]]:
    """What each step of a list needs: what it says, else the step before it."""
    made: list[list[str]] = []
    for n, data in enumerate(block):
        given = data["needs"] if "needs" in data else [block[n - 1]["id"]] if n else []
        made.append([given] if isinstance(given, str) else list(dict.fromkeys(given)))
    return made


def check(data: Data) -> NewCheck:
    if "kind" in data:
        return NewCheck(data["kind"], data.get("spec", {}))
    kind = next(key for key in data if key in check_forms.NEEDED)
    beside = next((data[key] for key in BESIDE if key in data), "")
    return NewCheck(kind, check_forms.spec_of(kind, data[kind], beside))


def kind_of(data: Data) -> str:
    return next(kind for kind in _DOES if kind in data)


def _step(data: Data, needs: list[str]) -> Step:
    kind = kind_of(data)
    join, least = _join(data.get("join_needs" if kind == "map" else "join", "all"))
    return Step(
        id=data.get("id", "undo"),
        does=_DOES[kind](data),
        title=data.get("title", ""),
        needs=needs,
        join=join,
        least=least,
        retry=_retry(data.get("retry")),
        timeout_s=_seconds(data, "timeout"),
        compensate=_step(data["compensate"], []) if "compensate" in data else None,
    )


def _agent(data: Data) -> Does:
    output = data.get("output", {})
    priority = data.get("priority", 1)
    return definition.AgentStep(
        agent=data["agent"],
        title=data.get("title", ""),
        body=data.get("body", ""),
        checks=[check(one) for one in data.get("checks", [])],
        labels=data.get("labels", []),
        priority=PRIORITIES.index(priority) if isinstance(priority, str) else priority,
        budget_usd=_money(data.get("budget_usd")),
        output_file=output.get("file", ""),
        output_schema=output.get("schema"),
    )


def _approval(data: Data) -> Does:
    return definition.ApprovalStep(
        ask=data["approval"],
        detail=data.get("detail", ""),
        options=[_option(option) for option in data.get("options", [])],
        assigned_to=data.get("assigned_to"),
        backup_to=data.get("backup_to"),
        expires_s=_seconds(data, "expires"),
        remind_s=_seconds(data, "remind"),
        escalate_s=_seconds(data, "escalate"),
        on_reject=data.get("on_reject", "fail"),
    )


def _wait(data: Data) -> Does:
    given = data["wait"]
    if not isinstance(given, dict):
        return definition.WaitStep(seconds=durations.seconds(given))
    return definition.WaitStep(
        until=given.get("until", ""),
        signal=given.get("signal", ""),
        within_s=_seconds(given, "within"),
        payload_schema=given.get("schema"),
        on_late=given.get("on_late", "fail"),
    )


def _http(data: Data) -> Does:
    given: Data = {"url": data["http"]} if isinstance(data["http"], str) else data["http"]
    method = given.get("method", "GET")
    return definition.HttpStep(
        url=given["url"],
        method=method,
        headers={name: _plain(value) for name, value in given.get("headers", {}).items()},
        body=given.get("body"),
        expect=given.get("expect", []),
        effect=given.get("effect", "idempotent" if method in SAFE_METHODS else "once"),
    )


def _command(data: Data) -> Does:
    return definition.CommandStep(command=data["command"], effect=data.get("effect", "once"))


def _map(data: Data) -> Does:
    join, least = _join(data.get("join", "all"))
    return definition.MapStep(
        items=data["map"],
        do=steps(data["do"]),
        bound=data.get("bound", 10),
        output=data.get("output"),
        join=join,
        least=least,
    )


def _when(data: Data) -> Does:
    return definition.WhenStep(
        condition=_plain(data["when"]) if isinstance(data["when"], str) else f"${{{{ {_plain(data['when'])} }}}}",
        then=steps(data["then"]),
        otherwise=steps(data.get("otherwise", [])),
    )


def _workflow(data: Data) -> Does:
    return definition.WorkflowStep(workflow=data["workflow"], inputs=data.get("with", {}), version=data.get("version"))


def _brought(data: Data) -> Brought:
    budget = _money(data.get("budget_usd_month"))
    return Brought(**{**data, "budget_usd_month": budget})


def _option(data: str | Data) -> Option:
    if isinstance(data, str):
        return Option(data, data)
    return Option(**{"label": data["value"], **data})


def _retry(data: int | Data | None) -> Retry | None:
    if data is None:
        return None
    given = {"max_attempts": data} if isinstance(data, int) else data
    kept = {name: given[name] for name in ("max_attempts", "factor", "retry_on") if name in given}
    times = {f"{name}_s": durations.seconds(given[name]) for name in ("base", "cap") if name in given}
    return msgspec.convert(kept | times, Retry)


def _join(given: str | int) -> tuple[Join, int]:
    if isinstance(given, int):
        return "least", given
    join: Join = "any" if given == "any" else "collect" if given == "collect" else "all"
    return join, 0


def _seconds(data: Data, key: str) -> float | None:
    return durations.seconds(data[key]) if key in data else None


def _money(given: str | float | None) -> str | None:
    return None if given is None else given if isinstance(given, str) else f"{given:.9f}".rstrip("0").rstrip(".")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_DOES = {
    "agent": _agent,
    "approval": _approval,
    "wait": _wait,
    "http": _http,
    "command": _command,
    "map": _map,
    "when": _when,
    "workflow": _workflow,
}
