"""The form of a workflow's inputs: which field a property gets, and what becomes of what was typed."""

from typing import Any

import pytest

from appliance.errors import Problem
from appliance.web import input_form

NESTED = {"type": "object", "properties": {"a": {"type": "integer"}}}


def one(shape: Any, **more: Any) -> input_form.Field:
    [field] = input_form.fields({"properties": {"x": shape}, **more})
    return field


def read(shape: Any, text: str) -> Any:
    return input_form.inputs({"properties": {"x": shape}}, {"in.x": text}).get("x")


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "maxLength": 200}, "text"),
        ({"type": "string", "maxLength": 201}, "long"),
        ({"type": "string", "format": "textarea"}, "long"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "number"}, "number"),
        ({"type": "integer"}, "integer"),
        ({"type": "boolean"}, "boolean"),
        ({"enum": ["a", 1, None]}, "choice"),
        ({"type": "array", "items": {"type": "string"}}, "lines"),
        ({"type": "array", "items": {"type": "number"}}, "json"),
        ({"type": "array"}, "json"),
        (NESTED, "json"),
        ({"type": ["string", "null"]}, "json"),
        ({}, "json"),
        (True, "json"),
    ],
)
def test_a_property_gets_the_field_that_fits_it(shape: Any, kind: str) -> None:
    found = one(shape)
    assert found.kind == kind and found.words


@pytest.mark.parametrize(
    ("shape", "text", "value"),
    [
        ({"type": "string"}, " a\r\nb ", " a\nb "),
        ({"type": "string"}, "  ", None),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "number"}, "7", 7),
        ({"type": "integer"}, " -3 ", -3),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "", False),
        ({"enum": ["a", 1, None]}, "1", 1),
        ({"enum": ["a", 1, None]}, "null", None),
        ({"type": "array", "items": {"type": "string"}}, "a\r\n\r\n b\n", ["a", "b"]),
        (NESTED, '{"a": 1}', {"a": 1}),
    ],
)
def test_what_is_typed_becomes_a_value_of_its_type(shape: Any, text: str, value: Any) -> None:
    found = read(shape, text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("shape", "text", "said"),
    [
        ({"type": "integer"}, "1.5", "whole number"),
        ({"type": "number"}, "nan", "a number"),
        ({"type": "number"}, "many", "a number"),
        ({"enum": ["a"]}, "b", "one of the options"),
        (NESTED, "{", "not JSON"),
        (NESTED, "[" * 100_000, "JSON"),
    ],
)
def test_what_does_not_fit_is_told_by_field(shape: Any, text: str, said: str) -> None:
    with pytest.raises(Problem) as refused:
        read(shape, text)
    assert said in refused.value.errors["inputs.x"] or "nested" in refused.value.errors["inputs.x"]


def test_a_schema_that_is_no_list_of_properties_is_one_json_text() -> None:
    schema = {"oneOf": [NESTED, {"type": "object"}]}
    [field] = input_form.fields(schema)
    assert (field.kind, field.key, field.value) == ("json", "in.", "{}")
    assert input_form.inputs(schema, {"in.": '{"a": 2}'}) == {"a": 2}
    for text in ("[]", "{", "1"):
        with pytest.raises(Problem) as refused:
            input_form.inputs(schema, {"in.": text})
        assert list(input_form.faults(refused.value.errors)) == ["in."]


def test_faults_of_the_domain_find_their_field() -> None:
    given = {"inputs.change": "a", "inputs.files[3]": "b", "inputs.deep.x": "c", "inputs": "d", "title": "e"}
    assert input_form.faults(given) == {"in.change": "a", "in.files": "b", "in.deep": "c", "in.": "d", "title": "e"}


def test_defaults_are_shown_and_what_was_typed_is_kept() -> None:
    schema = {
        "required": ["a"],
        "properties": {
            "a": {"type": "integer", "default": 2, "minimum": 1, "title": "Count"},
            "b": {"type": "boolean", "default": True},
            "c": {"type": "array", "items": {"type": "string"}, "default": ["x", "y"]},
            "d_e": {"default": {"k": 1}},
        },
    }
    first = {field.name: field for field in input_form.fields(schema)}
    assert [first[name].value for name in "abc"] == ["2", "true", "x\ny"]
    assert (first["a"].label, first["a"].required, first["a"].least, first["d_e"].label) == ("Count", True, "1", "D e")
    again = {field.name: field.value for field in input_form.fields(schema, {"in.a": "no", "in.c": "z"})}
    assert again == {"a": "no", "b": "", "c": "z", "d_e": ""}
    assert input_form.fields({}) == []
