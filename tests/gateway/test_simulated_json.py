"""What the simulated provider writes where a schema says what it has to look like."""

import json
from typing import Any

import pytest

from appliance.domain import schema
from appliance.gateway import simulated_json
from appliance.gateway.simulated_worker import next_move
from appliance.gateway.types import ChatRequest, Message, ToolCall, ToolSpec

TREE = {
    "type": "object",
    "required": ["kids"],
    "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/t"}}},
}
FINDING = {
    "type": "object",
    "required": ["title", "severity"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "maxLength": 40},
        "severity": {"enum": ["low", "high"]},
        "sure": {"type": "number", "minimum": 0, "maximum": 1},
    },
}
SCHEMAS: dict[str, Any] = {
    "object": FINDING,
    "array": {"type": "array", "minItems": 2, "maxItems": 5, "items": FINDING},
    "circle": {"$defs": {"t": TREE}, "$ref": "#/$defs/t"},
    "merged": {"$defs": {"t": FINDING}, "allOf": [{"$ref": "#/$defs/t"}, {"required": ["sure"]}]},
    "one number": {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 2},
    "steps": {"type": "array", "minItems": 1, "items": {"type": "integer", "multipleOf": 5, "minimum": 1}},
    "cents": {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 100},
    "above": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5},
    "exactly": {"type": "number", "minimum": 5, "maximum": 5},
    "length": {"type": "string", "minLength": 200, "maxLength": 210},
    "choice": {"anyOf": [{"type": "null"}, {"type": "string"}]},
    "each once": {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"enum": ["a", "b", "c"]}},
    "version": {"type": "string", "pattern": r"^\d+\.\d+"},
    "day": {"type": "string", "format": "date"},
    "constant": {"const": {"a": 4}},
    "given": {"type": "string", "examples": ["refund", "bug"]},
    "anything": {},
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_written_fits_its_schema_whatever_the_seed(name: str) -> None:
    for seed in range(60):
        made = json.loads(simulated_json.document(json.dumps(SCHEMAS[name]), "the session store", seed))
        assert schema.fault(made, SCHEMAS[name]) == "", made


def test_the_same_seed_gives_the_same_and_another_seed_something_else() -> None:
    made = [simulated_json.fitting(SCHEMAS["array"], "exports", seed) for seed in (1, 1, 2, 3)]
    assert made[0] == made[1]
    assert made[2] != made[3]


def test_titles_are_about_the_topic_and_examples_are_taken() -> None:
    assert "exports" in simulated_json.fitting({"properties": {"title": {"type": "string"}}}, "exports", 1)["title"]
    assert simulated_json.fitting(SCHEMAS["given"], "exports", 1) in ("refund", "bug")


@pytest.mark.parametrize(
    "text", ["{", '{"minimum": "x", "type": "integer"}', '{"$ref": "#"}', '{"type": "array", "minItems": "2"}']
)
def test_a_schema_that_is_none_is_no_crash(text: str) -> None:
    assert simulated_json.document(text, "exports", 1) == ""


def written(ask: str, tools: tuple[ToolSpec, ...]) -> dict[str, str]:
    """Everything the simulated worker writes, by path; its summary under ""."""
    messages: tuple[Message, ...] = (Message("user", ask),)
    found: dict[str, str] = {}
    while "" not in found:
        move = next_move(ChatRequest("simulated", messages, tools), 7)
        arguments = json.loads(move.arguments)
        if move.tool == "workspace.write":
            found[arguments["path"]] = arguments["content"]
        elif move.tool == "task.finish":
            found[""] = arguments["summary"]
        messages += (Message("assistant", "", (ToolCall("c", move.tool, move.arguments),)),)
    return found


def test_a_file_with_a_schema_is_written_to_fit_it(tools: tuple[ToolSpec, ...]) -> None:
    ask = f"""Task: Review the session store
Read the change. Save review.md and findings.json.
Before the task is done, these checks must pass:
- file findings.json fits the JSON schema: {json.dumps(FINDING)}
- file review.md contains “## Must fix”"""
    found = written(ask, tools)
    assert schema.fault(json.loads(found["findings.json"]), FINDING) == ""
    assert "\n## Must fix\n" in found["review.md"]
    assert "Must fix" not in found["findings.json"] + found[""], "what one file has to say is not for the others"


def test_a_result_with_a_schema_is_json(tools: tuple[ToolSpec, ...]) -> None:
    found = written(f"Task: Rate it\n- the result fits the JSON schema: {json.dumps(FINDING)}", tools)
    assert schema.fault(json.loads(found[""]), FINDING) == ""
