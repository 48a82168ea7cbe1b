"""Judges data by the published schema: every fault, each with its place and what to write there.

jsonschema would do, but it takes 0.14 s to import and says of a wrong step only that it fits none of eight forms; a
test holds this against it. Known are the keywords that published.py uses.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from appliance.domain.workflows.nearest import meant, near
from appliance.domain.workflows.places import Found, Place
from appliance.domain.workflows.published import SCHEMA, Schema

_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}
_WORDS = {"object": "an object", "array": "a list", "string": "text", "boolean": "true or false", "null": "nothing"}
Forms = list[Schema]
_forms: dict[tuple[int, str], tuple[Forms, dict[str, Schema]]] = {}


def faults(value: Any, schema: Schema = SCHEMA, place: Place = ()) -> Iterator[Found]:
    if "$ref" in schema:
        schema = _resolved(schema)
    if "oneOf" in schema:
        yield from _one_of(value, schema, place)
    elif not _is(value, schema):
        yield place, _instead(value, schema)
    elif "enum" in schema:
        if value not in schema["enum"]:
            yield place, f"write {schema['description']}{_near(value, schema['enum'])}"
    else:
        yield from _INSIDE[_type(value)](value, schema, place)


def _one_of(value: Any, schema: Schema, place: Place) -> Iterator[Found]:
    forms, own = _forms_for(value, schema)
    if not forms:
        yield place, _instead(value, schema)
    elif len(forms) == 1:
        yield from faults(value, forms[0], place)
    else:
        named = [key for key in value if key in own]
        if len(named) == 1:
            yield from faults(value, own[named[0]], place)
        elif named:
            yield place, f"this has {' and '.join(named)}; keep one of them"
        else:
            unknown = next((key for key in value if key not in ("id", "title", "needs")), "")
            yield place, f"it says not what it is; give it one of {', '.join(own)}{_near(unknown, list(own))}"


def _forms_for(value: Any, schema: Schema) -> tuple[Forms, dict[str, Schema]]:
    """The forms that a value of this type can have; objects of several are told apart by a key that only one has.

    A form without words of its own has those of the whole.
    """
    which = (id(schema), _type(value))
    if which not in _forms:
        words = {"description": schema["description"]}
        forms = [words | form for form in map(_resolved, schema["oneOf"]) if _is(value, form)]
        own: dict[str, Schema] = {}
        for form in forms if len(forms) > 1 else ():
            own[next(key for key in form["required"] if not all(key in one["required"] for one in forms))] = form
        _forms[which] = (forms, own)
    return _forms[which]


def _text(value: str, schema: Schema, place: Place) -> Iterator[Found]:
    if "pattern" in schema and not _pattern(schema["pattern"]).search(value):
        yield place, f"write {schema['description']}, not “{value[:60]}”"
    elif len(value) < schema.get("minLength", 0):
        yield place, f"write {schema['description']}; it is empty"
    elif len(value) > schema.get("maxLength", len(value)):
        yield place, f"write {schema['description']}, at most {schema['maxLength']:,} characters"


def _object(value: dict[str, Any], schema: Schema, place: Place) -> Iterator[Found]:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for key in schema.get("required", ()):
        if key not in value:
            yield place, f"'{key}' is missing; write {_resolved(known[key])['description']}"
    if len(value) > schema.get("maxProperties", len(value)):
        yield place, f"at most {schema['maxProperties']} of them"
    for key, part in value.items():
        if key in known:
            yield from faults(part, known[key], (*place, key))
        elif others is False:
            yield (*place, key), f"'{key[:60]}' is not known here{meant(key, known)}"
        elif others is not True:
            yield from faults(part, others, (*place, key))


def _list(value: list[Any], schema: Schema, place: Place) -> Iterator[Found]:
    if len(value) < schema.get("minItems", 0):
        yield place, f"write {schema['description']}; it is empty"
    if len(value) > schema.get("maxItems", len(value)):
        yield place, f"at most {schema['maxItems']:,} items"
    if "items" in schema:
        for n, item in enumerate(value):
            yield from faults(item, schema["items"], (*place, n))


def _number(value: Any, schema: Schema, place: Place) -> Iterator[Found]:
    if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        ends = f"from {schema['minimum']:,} to {schema['maximum']:,}"
        yield place, f"write {schema.get('description', 'a number')}, {ends}"


def _nothing(value: Any, schema: Schema, place: Place) -> Iterator[Found]:
    yield from ()


def _type(value: Any) -> str:
    if value is None:
        return "null"
    return _NAMES.get(type(value)) or ("object" if isinstance(value, dict) else "array")


def _is(value: Any, schema: Schema) -> bool:
    if "type" not in schema:
        return "enum" not in schema or type(value) in {type(allowed) for allowed in schema["enum"]}
    name, wanted = _type(value), schema["type"]
    return bool(name == wanted or (name == "integer" and wanted == "number"))


def _instead(value: Any, schema: Schema) -> str:
    return f"write {schema.get('description', 'something else')}, not {_WORDS.get(_type(value), 'a number')}"


def _near(value: Any, known: list[Any]) -> str:
    words = [word for word in known if isinstance(word, str)]
    return near(value, words) if isinstance(value, str) else ""


def _resolved(schema: Schema) -> Schema:
    ref = schema.get("$ref")
    return SCHEMA["$defs"][ref.rpartition("/")[2]] if ref else schema


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_INSIDE: dict[str, Callable[[Any, Schema, Place], Iterator[Found]]] = {
    "string": _text,
    "object": _object,
    "array": _list,
    "integer": _number,
    "number": _number,
    "boolean": _nothing,
    "null": _nothing,
}
