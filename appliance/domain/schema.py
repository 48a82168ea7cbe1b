"""JSON Schema (draft 2020-12), loaded when the first schema is met: the library takes 0.14 s to import.

A schema stands for itself: nothing is fetched for it, and no pattern in it can hold up the box.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from appliance import clock
from appliance.domain import schema_library
from appliance.domain.schema_library import PATIENCE_S


def fault(value: Any, schema: dict[str, Any]) -> str:
    """What is wrong with `value`, with its place; "" when it fits."""
    library = schema_library.library()
    schema_library.local.until = clock.monotonic() + PATIENCE_S
    try:
        library.judge(schema, registry=library.refs.Registry()).validate(value)
    except library.schema.ValidationError as error:
        place = "" if error.json_path == "$" else f"{error.json_path}: "
        return f"{place}{error.message}"[:500]
    except TimeoutError:
        return "a pattern of the schema takes too long on this text; simplify it"
    except (MemoryError, RecursionError):
        return "the schema goes in circles"
    return ""


def broken(schema: Any) -> str:
    """Why `schema` is not a schema, or not one that is judged here; "" when it is one."""
    try:
        return _broken(msgspec.json.encode(schema))
    except RecursionError:
        return "the schema is nested too deep"
    except TypeError:
        return "the schema holds what JSON has not"


@lru_cache(maxsize=256)
def _broken(text: bytes) -> str:
    """Kept: a workflow's step has the same schema each time it is handed out, and judging it takes 10 ms."""
    schema: Any = msgspec.json.decode(text)
    library = schema_library.library()
    try:
        library.schema.Draft202012Validator.check_schema(schema)
    except library.schema.SchemaError as error:
        return str(error.message)[:500]
    whole = library.refs.jsonschema.DRAFT202012.create_resource(schema)
    resolver = library.refs.Registry().with_resource("", whole).resolver()
    for key, value in _keywords(schema):
        if key == "patternProperties":
            return "patternProperties is not judged here; use propertyNames with a pattern"
        if key == "pattern" and isinstance(value, str) and (wrong := schema_library.not_a_pattern(value)):
            return wrong
        if (
            key in ("$ref", "$dynamicRef")
            and isinstance(value, str)
            and not schema_library.resolves(library, resolver, value)
        ):
            return f"{value} is not a part of this schema; a schema refers only to itself"
    return ""


def _keywords(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every name and value, however deep."""
    if isinstance(schema, dict):
        yield from schema.items()
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in inner:
        yield from _keywords(part)
