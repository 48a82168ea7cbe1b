"""JSON Schema (draft 2020-12), loaded when the first schema is met: the library takes 0.14 s to import."""

import importlib
from functools import cache
from types import ModuleType
from typing import Any


def fault(value: Any, schema: dict[str, Any]) -> str:
    """What is wrong with `value`, with its place; "" when it fits."""
    library = _library()
    try:
        library.validate(value, schema)
    except library.ValidationError as error:
        place = "" if error.json_path == "$" else f"{error.json_path}: "
        return f"{place}{error.message}"[:500]
    return ""


def broken(schema: Any) -> str:
    """Why `schema` is not a schema; "" when it is one."""
    library = _library()
    try:
        library.Draft202012Validator.check_schema(schema)
    except library.SchemaError as error:
        return str(error.message)[:500]
    return ""


@cache
def _library() -> ModuleType:
    return importlib.import_module("jsonschema")
