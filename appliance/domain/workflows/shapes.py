"""Judges data by the published schema: every fault, each with its place and what to write there.

jsonschema would do, but it takes 0.14 s to import and says of a wrong step only that it fits none of eight forms; a
test holds this against it. Known are the keywords that published.py uses.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from appliance.domain.workflows.nearest import meant
from appliance.domain.workflows.places import Found, Place
from appliance.domain.workflows.published import SCHEMA, Schema

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}
_WORDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}


def faults(value: Any, schema: Schema = SCHEMA, place: Place = ()) -> Iterator[Found]:
    schema = _resolved(schema)
    if "oneOf" in schema:
        yield from _one_of(value, schema, place)
    elif not _is(value, schema):
        yield place, _instead(value, schema)
    elif "enum" in schema and value not in schema["enum"]:
        yield place, f"write {schema['description']}{_near(value, schema['enum'])}"
    elif isinstance(value, str):
        yield from _text(value, schema, place)
    elif isinstance(value, dict):
        yield from _object(value, schema, place)
    elif isinstance(value, list):
        yield from _list(value, schema, place)
    elif not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield (
            place,
            f"write {schema.get('description', 'a number')}, from {schema['minimum']:,} to {schema['maximum']:,}",
        )


def _one_of(value: Any, schema: Schema, place: Place) -> Iterator[Found]:
    fitting = [branch for branch in schema["oneOf"] if _is(value, branch)]
    if not fitting:
        yield place, _instead(value, schema)
    elif len(fitting) == 1:
        yield from _blamed(value, fitting[0], schema, place)
    else:
        own = _own_keys(tuple(map(id, schema["oneOf"])), schema["oneOf"]) if isinstance(value, dict) else {}
        named = [key for key in own if key in value]
        if len(named) == 1:
            yield from faults(value, own[named[0]], place)
        elif named:
            yield place, f"this has {' and '.join(named)}; keep one of them"
        else:
            unknown = next((key for key in value if key not in ("id", "title", "needs")), "")
            yield place, f"it says not what it is; give it one of {', '.join(own)}{_near(unknown, list(own))}"


def _blamed(value: Any, branch: Schema, schema: Schema, place: Place) -> Iterator[Found]:
    """Faults of the only form it can have; a branch without words of its own has those of the whole."""
    yield from faults(
        value, branch if "description" in branch else branch | {"description": schema["description"]}, place
    )


_OWN: dict[tuple[int, ...], dict[str, Schema]] = {}


def _own_keys(which: tuple[int, ...], branches: list[Schema]) -> dict[str, Schema]:
    """The key that each form of an object has to have and no other form has."""
    if which not in _OWN:
        forms = [form for form in branches if form.get("type") == "object"]
        seen: dict[str, Schema] = {}
        for form in forms:
            key = next(key for key in form["required"] if not all(key in other["required"] for other in forms))
            seen[key] = form
        _OWN[which] = seen
    return _OWN[which]


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
            yield (*place, key), f"'{key}' is not known here{meant(key, known)}"
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


def _is(value: Any, schema: Schema) -> bool:
    schema = _resolved(schema)
    if "type" not in schema:
        return "enum" not in schema or type(value) in {type(allowed) for allowed in schema["enum"]}
    return isinstance(value, _TYPES[schema["type"]]) and isinstance(value, bool) is (schema["type"] == "boolean")


def _instead(value: Any, schema: Schema) -> str:
    told = "nothing" if value is None else _WORDS.get(type(value)) or _WORDS[type(value).__mro__[1]]
    return f"write {schema.get('description', 'something else')}, not {told}"


def _near(value: Any, known: list[Any]) -> str:
    words = [word for word in known if isinstance(word, str)]
    near = meant(value, words) if isinstance(value, str) else ""
    return near if "did you mean" in near else ""


def _resolved(schema: Schema) -> Schema:
    ref = schema.get("$ref")
    return SCHEMA["$defs"][ref.rpartition("/")[2]] if ref else schema


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
