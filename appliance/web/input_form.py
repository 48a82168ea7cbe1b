"""The start form of a workflow, made from the JSON Schema of its inputs; what was typed becomes the inputs again.

A shape that no field fits (an object in an object, a list of numbers) is written as JSON; so is everything when the
schema is not a plain list of properties.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from appliance.errors import invalid

LONG = 200
PREFIX = "in."
WORDS = {
    "text": "a text",
    "long": "a long text",
    "lines": "a list of texts",
    "json": "a value as JSON",
    "date": "a date",
}
WORDS |= {"number": "a number", "integer": "a whole number", "boolean": "yes or no"}
WHOLE = ""
PLAIN = ("type", "properties", "required", "additionalProperties", "title", "description", "$schema", "default")


class Field(NamedTuple):
    """One input as `workflows/_inputs.html` reads it; `kind` is text, long, number, integer, boolean, choice, lines,
    date, or json."""

    name: str
    key: str
    kind: str
    label: str
    help: str
    required: bool
    value: str
    options: list[tuple[str, str]]
    least: str
    most: str

    @property
    def words(self) -> str:
        """What is to be given, for people."""
        if self.kind == "choice":
            return f"one of {', '.join(text for _, text in self.options)}"
        return WORDS[self.kind]


def fields(schema: dict[str, Any], given: Mapping[str, str] | None = None) -> list[Field]:
    """`given` is what was typed; without it the defaults are shown."""
    if not schema:
        return []
    if not is_plain(schema):
        text = given.get(PREFIX + WHOLE, "") if given is not None else _json(schema.get("default", {}))
        return [Field(WHOLE, PREFIX + WHOLE, "json", "Inputs", "One JSON object.", True, text, [], "", "")]
    needed = schema.get("required", [])
    return [_field(name, found, name in needed, given) for name, found in schema.get("properties", {}).items()]


def is_plain(schema: dict[str, Any]) -> bool:
    """Whether the schema is a list of properties and no more."""
    found = schema.get("properties", {})
    return set(schema) <= set(PLAIN) and schema.get("type", "object") == "object" and isinstance(found, dict)


def inputs(schema: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as the inputs of an instance; an empty field is left out. Raises Problem(invalid) by field."""
    made: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in fields(schema, given):
        try:
            value = _value(field, given, schema)
        except ValueError as error:
            wrong[f"inputs.{field.name}".rstrip(".")] = str(error)
            continue
        if value is not None:
            made[field.name] = value
    if wrong:
        raise invalid(**wrong)
    return dict(made.get(WHOLE, {})) if not is_plain(schema) else made


def faults(errors: Mapping[str, str]) -> dict[str, str]:
    """Faults of the domain by the name of the field on the page: inputs.change, or a place inside it."""
    return {_key(name): text for name, text in errors.items()}


def _key(name: str) -> str:
    if name == "inputs":
        return PREFIX + WHOLE
    head, _, rest = name.partition(".")
    return PREFIX + rest.partition(".")[0].partition("[")[0] if head == "inputs" and rest else name


def _field(name: str, schema: Any, needed: bool, given: Mapping[str, str] | None) -> Field:
    shape = schema if isinstance(schema, dict) else {}
    kind = _kind(shape)
    key = PREFIX + name
    typed = _as_text(shape.get("default"), kind) if given is None else given.get(key, "")
    return Field(
        name=name,
        key=key,
        kind=kind,
        label=str(shape.get("title") or name.replace("_", " ").capitalize()),
        help=" ".join(part for part in (str(shape.get("description", "")), _hint(kind)) if part),
        required=needed and kind != "boolean",
        value=typed,
        options=[(_choice(value), str(value)) for value in shape.get("enum", ())],
        least=str(shape.get("minimum", "")),
        most=str(shape.get("maximum", "")),
    )


def _kind(shape: dict[str, Any]) -> str:
    kind = shape.get("type")
    if isinstance(shape.get("enum"), list):
        return "choice"
    if kind == "string":
        most = shape.get("maxLength", 0)
        if shape.get("format") == "date":
            return "date"
        return "long" if shape.get("format") == "textarea" or (isinstance(most, int) and most > LONG) else "text"
    if kind == "array" and isinstance(shape.get("items"), dict) and shape["items"].get("type") == "string":
        return "lines"
    return kind if isinstance(kind, str) and kind in ("number", "integer", "boolean") else "json"


def _hint(kind: str) -> str:
    return {"lines": "One per line.", "json": "As JSON."}.get(kind, "")


def _as_text(default: Any, kind: str) -> str:
    if default is None:
        return ""
    if kind == "lines" and isinstance(default, list):
        return "\n".join(map(str, default))
    if kind == "boolean":
        return "true" if default is True else ""
    if kind == "choice":
        return _choice(default)
    return _json(default) if kind == "json" else str(default)


def _value(field: Field, given: Mapping[str, str], schema: dict[str, Any]) -> Any:
    """None leaves the input out. Raises ValueError with what is wrong."""
    # Browsers send two characters for the end of a line.
    text = given.get(field.key, "").replace("\r\n", "\n")
    if field.kind == "boolean":
        return bool(text)
    if not text.strip():
        return None
    if field.kind in ("number", "integer"):
        return _number(text.strip(), field.kind)
    if field.kind == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.kind == "choice":
        return _chosen(text, schema["properties"][field.name]["enum"])
    return _object(text, field) if field.kind == "json" else text


def _number(text: str, kind: str) -> int | float:
    try:
        value = int(text) if kind == "integer" or text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise ValueError("write a whole number" if kind == "integer" else "write a number, such as 1.5") from None
    if not math.isfinite(value):
        raise ValueError("write a number, such as 1.5")
    return value


def _chosen(text: str, options: list[Any]) -> Any:
    for value in options:
        if _choice(value) == text:
            return value
    raise ValueError("choose one of the options")


def _object(text: str, field: Field) -> Any:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(f"this is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("this is nested too deep") from None
    if field.name == WHOLE and not isinstance(value, dict):
        raise ValueError("write one JSON object")
    return value


def _choice(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
