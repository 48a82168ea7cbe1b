"""How the inputs of a workflow are written on a command line."""

from collections.abc import Sequence
from typing import Any

import msgspec

from appliance.cli.command import read_text
from appliance.errors import Problem


def inputs(schema: dict[str, Any], pairs: Sequence[str], whole_: str) -> dict[str, Any]:
    """`whole_` is JSON or @file; each KEY=VALUE goes over it, as text for a text. Raises Problem(usage)."""
    made = _object(read_text(whole_[1:]) if whole_.startswith("@") else whole_) if whole_ else {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise Problem("usage", f"Write an input as KEY=VALUE, not {pair}.")
        made[name] = _typed(text, schema.get("properties", {}).get(name, {}))
    return made


def _typed(text: str, shape: Any) -> Any:
    kind = shape.get("type") if isinstance(shape, dict) else None
    if kind == "string":
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _object(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem("usage", f"The inputs are not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Problem("usage", "The inputs are one JSON object.")
    return found
