"""The form of a hook: its fields as what the domain takes, a hook as fields, and faults beside the right field."""

from typing import Any

import msgspec

from appliance.domain.hook_forms import HookChange, NewHook
from appliance.domain.hook_secrets import NewSecret
from appliance.domain.hook_task_targets import StartTask
from appliance.domain.hooks import Hook
from appliance.domain.workflows.expression_parts import OPENING
from appliance.errors import Problem, invalid
from appliance.web import respond

TASK = ("title", "body", "assignee", "priority", "budget_usd")
TARGETS = {
    "signal": ("task", "signal"),
    "workflow": ("workflow", "key", "version"),
    "instance": ("workflow", "key", "instance", "signal"),
}
SIGNING = ("scheme", "header", "encoding", "prefix", "tolerance_s")
PLAIN = ("name", "only_if", "idem_path", "same_body_s", "per_minute", "expires")
Fields = dict[str, str]


def new(fields: Fields) -> NewHook:
    """Raises Problem(invalid) naming the field."""
    given = {**_given(fields, PLAIN), "target": target(fields), "signing": _given(fields, SIGNING)}
    return respond.form(NewHook, given | _given(fields, ("secret",)))


def change(fields: Fields, before: Hook) -> HookChange:
    """Every field of the form, so that an emptied one is emptied; what the form does not show stays."""
    emptied = {"only_if": "", "idem_path": "", "expires": None}
    given: dict[str, Any] = {**emptied, **_given(fields, PLAIN), "target": target(fields)}
    if isinstance(before.target, StartTask):
        kept = {name: value for name, value in before.target.fields.items() if name not in (*TASK, "labels")}
        given["target"]["fields"] = kept | given["target"]["fields"]
    if fields.get("expires", "") == fields.get("expires_before", ""):
        given.pop("expires")
    try:
        return msgspec.convert(given, HookChange, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(**respond.fault(str(error))) from error


def secret(fields: Fields, before: str) -> NewSecret:
    signing = {"signing": _given(fields, SIGNING)} if fields.get("scheme", before) != before else {}
    return respond.form(NewSecret, _given(fields, ("secret", "keep_s")) | signing)


def target(fields: Fields) -> dict[str, Any]:
    kind = fields.get("kind", "")
    if kind == "task":
        labels = [label.strip() for label in fields.get("labels", "").split(",") if label.strip()]
        return {"kind": kind, "fields": _given(fields, TASK) | ({"labels": labels} if labels else {})}
    found: dict[str, Any] = {"kind": kind} | _given(fields, TARGETS.get(kind, ()))
    if kind == "workflow":
        found["inputs"] = _json("inputs", fields.get("inputs", ""), {})
    if kind == "instance" and fields.get("payload", "").strip():
        found["payload"] = _json("payload", fields["payload"], None)
    return found


def shown(hook: Hook) -> Fields:
    """A hook as the fields of its form."""
    about: dict[str, Any] = msgspec.to_builtins(hook.target)
    about |= about.pop("fields", {})
    for name in ("inputs", "payload"):
        if name in about and not str(about[name]).startswith(OPENING):
            about[name] = msgspec.json.format(msgspec.json.encode(about[name]), indent=2).decode()
    about["labels"] = ", ".join(about.get("labels", []))
    about |= {name: getattr(hook, name) for name in ("name", "only_if", "idem_path", "same_body_s", "per_minute")}
    about |= msgspec.to_builtins(hook.signing)
    about["expires"] = about["expires_before"] = (hook.expires_at or "")[:16]
    return {name: "" if value is None else str(value) for name, value in about.items()}


def faults(problem: Problem) -> dict[str, str]:
    """By the form's own field: `target.fields.title` and `inputs.change` stand beside title and inputs."""
    found = {}
    for path, said in respond.faults(problem).items():
        parts = path.replace("[", ".").split(".")
        while len(parts) > 1 and parts[0] in ("target", "fields", "signing"):
            parts.pop(0)
        found[parts[0]] = f"{'.'.join(parts[1:])}: {said}" if len(parts) > 1 else said
    return found


def _given(fields: Fields, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: fields[name].strip() for name in names if fields.get(name, "").strip()}


def _json(name: str, text: str, empty: Any) -> Any:
    """JSON, or one expression that gives the value."""
    if not text.strip():
        return empty
    if text.strip().startswith("${{"):
        return text.strip()
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise invalid(**{name: 'is not JSON; put expressions in quotes, such as {"a": "${{ body.a }}"}'}) from None
