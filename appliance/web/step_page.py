"""One step whole: everything it was given and everything that came of it."""

from typing import Any, NamedTuple

import msgspec

from appliance.domain.step_values import Whole
from appliance.domain.steps import Message
from appliance.web.run_steps import readable

ROLES = {"system": "Instructions", "user": "Told", "assistant": "Said", "tool": "A tool answered"}
# Of a result, what the page shows elsewhere or in better words.
KNOWN = ("ok", "preview", "stop", "tools", "in", "cached", "out", "until")


class Part(NamedTuple):
    label: str
    text: str


def parts(found: Whole) -> list[Part]:
    """What was given, field by field, then what came of it."""
    made = _given(found.given) if found.step.kind != "model" else _read(found)
    made += [part for message in found.said for part in _message(message, found.step.kind == "model")]
    if not found.said:
        made += [
            Part(name.capitalize(), readable(value)) for name, value in found.result.items() if _tells(name, value)
        ]
    return made


def _given(given: Any) -> list[Part]:
    if isinstance(given, dict):
        return [Part(f"Given: {name}", readable(value)) for name, value in given.items()]
    return [] if given is None else [Part("Given", readable(given))]


def _read(found: Whole) -> list[Part]:
    earlier = [Part("Read before", f"{found.earlier} earlier messages")] if found.earlier else []
    return earlier + [part for message in found.read for part in _message(message, False)]


def _message(message: Message, own: bool) -> list[Part]:
    label = "Answered" if own else ROLES.get(message.role, message.role)
    made = [Part(label, message.content)] if message.content else []
    return made + [Part(f"Called {call['name']}", _pretty(call["arguments"])) for call in message.tool_calls]


def _pretty(arguments: str) -> str:
    try:
        return msgspec.json.format(arguments, indent=2)
    except msgspec.DecodeError:
        return arguments


def _tells(name: str, value: Any) -> bool:
    return value not in (None, "") and (name not in KNOWN or name == "preview")
