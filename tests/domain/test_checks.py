"""Checks in themselves: what can be asked for, what is judged, and what no check can do to the box."""

import time

import pytest

from appliance.domain import agents, judging, tasks
from appliance.domain.agent_forms import NewAgent
from appliance.domain.checks import Check, NewCheck
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.world import World

EVIL = "(a|aa)+$"


def judge(kind: str, result: str, /, **spec: object) -> str:
    """The fault of one check on a result; "" when it passes."""
    check = Check("c1", "t1", 1, kind, dict(spec), "open", "", None, None)
    return judging.judge([check], result, lambda path: None)["c1"]


def refused(world: World, kind: str, **spec: object) -> str:
    """Why the second check of a new task is not taken."""
    fine = NewCheck("contains", {"text": "x"})
    with world.db() as db, pytest.raises(Problem) as caught:
        tasks.create(db, world.alice.actor, NewTask("T", checks=[fine, NewCheck(kind, dict(spec))]))
    assert (caught.value.code, list(caught.value.errors)) == ("invalid", ["checks[2]"])
    with world.db() as db:
        assert db.value("SELECT COUNT(*) AS n FROM tasks") == 0
    return caught.value.errors["checks[2]"]


@pytest.mark.parametrize(
    ("kind", "spec", "fault"),
    [
        ("vibes", {}, "unknown kind 'vibes'; there are contains, not_contains, regex, json_schema"),
        ("contains", {}, "a contains check needs 'text'"),
        ("contains", {"text": 5}, "'text' must be text"),
        ("contains", {"text": "a", "file": 5}, "'file' must be text"),
        ("regex", {"pattern": "("}, "missing )"),
        ("regex", {"pattern": ["a"]}, "'pattern' must be text"),
        ("file_exists", {"path": ""}, "a file_exists check needs 'path'"),
        ("file_exists", {"path": {"a": 1}}, "'path' must be text"),
        ("json_schema", {"schema": {"type": "banana"}}, "'banana' is not valid"),
        ("json_schema", {"schema": "text"}, "'text' is not of type"),
        ("json_schema", {"schema": {"pattern": "("}}, "is not a 'regex'"),
        ("json_schema", {"schema": {"patternProperties": {"a": {}}}}, "is not judged here"),
        ("json_schema", {"schema": {"$ref": "http://127.0.0.1:9/other.json"}}, "refers only to itself"),
        ("json_schema", {"schema": {"items": {"$ref": "file:///etc/passwd"}}}, "refers only to itself"),
        ("json_schema", {"schema": {"$ref": "#/$defs/none"}}, "refers only to itself"),
        ("command_exit_0", {"command": " "}, "the command is empty"),
        ("command_exit_0", {"command": "echo 'open"}, "No closing quotation"),
        ("command_exit_0", {"command": "true", "timeout_s": 601}, "from 1 to 600"),
        ("command_exit_0", {"command": "true", "timeout_s": True}, "from 1 to 600"),
        ("url_200", {"url": "file:///etc/passwd"}, "give an http or https URL"),
        ("url_200", {"url": "http://u:p@x.test/"}, "without a name and a password"),
        ("reviewer_agent", {"rubric": "Good?"}, "a reviewer_agent check needs 'agent'"),
        ("reviewer_agent", {"agent": "nobody", "rubric": "Good?"}, "there is no agent nobody"),
    ],
)
def test_a_check_that_cannot_be_judged_is_refused_with_its_place(
    world: World, kind: str, spec: dict[str, object], fault: str
) -> None:
    assert fault in refused(world, kind, **spec)


def test_a_reviewer_is_another_agent_than_the_one_that_works(world: World) -> None:
    with world.db() as db:
        agents.create(db, world.alice.actor, NewAgent("ada", "Ada", "Work.", "simulated"))
        check = NewCheck("reviewer_agent", {"agent": "ada", "rubric": "Good?"})
        with pytest.raises(Problem) as caught:
            tasks.create(db, world.alice.actor, NewTask("T", assignee="ada", checks=[check]))
    assert caught.value.errors == {"checks[1]": "ada does the work itself; let another agent review it"}


@pytest.mark.parametrize(
    ("kind", "spec"),
    [("regex", {"pattern": EVIL}), ("json_schema", {"schema": {"properties": {"a": {"pattern": EVIL}}}})],
)
def test_a_catastrophic_pattern_is_stopped(kind: str, spec: dict[str, object]) -> None:
    began = time.process_time()
    assert "takes too long" in judge(kind, '{"a": "' + "a" * 60 + '!"}', **spec)
    assert time.process_time() - began < 5


def test_a_schema_that_goes_in_circles_is_a_fault_and_no_crash() -> None:
    assert judge("json_schema", "{}", schema={"$ref": "#"}) == "the schema goes in circles"


def test_what_is_nested_too_deep_is_a_fault_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    # How long it takes to run out of depth is the machine's affair; the time limit has its own test.
    monkeypatch.setattr(judging, "REGEX_SECONDS", 60)
    assert "goes in circles" in judge("regex", "text", pattern="(?R)")
    assert judge("json_schema", "[" * 5000, schema={}).startswith("not valid JSON")


@pytest.mark.parametrize("kind", ["regex", "json_schema"])
def test_a_check_that_is_nested_too_deep_is_refused(world: World, kind: str) -> None:
    pattern, deep = "(" * 2000 + ")" * 2000, {}
    for _ in range(400):
        deep = {"not": deep}
    assert "nested too deep" in refused(world, kind, pattern=pattern, schema=deep)


def test_a_schema_may_refer_to_its_own_parts() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}}
    assert judge("json_schema", "[1, 2]", schema=schema) == ""
    assert judge("json_schema", '[1, "b"]', schema=schema) == "$[1]: 'b' is not of type 'integer'"


@pytest.mark.parametrize("text", ["", "{", "[1,]", "NaN", '{"a": 1} trailing'])
def test_what_is_not_json_fails_a_schema(text: str) -> None:
    assert judge("json_schema", text, schema={}).startswith("not valid JSON")


def test_a_pattern_looks_at_each_line() -> None:
    assert judge("regex", "Sum\nTotal: 7\nEnd", pattern=r"^Total: \d+$") == ""
    assert judge("regex", "Subtotal: 7", pattern=r"^Total: \d+$") == r"nothing matches ^Total: \d+$"


def test_a_missing_file_fails_every_check_on_it() -> None:
    for kind, spec in (("contains", {"text": "x"}), ("not_contains", {"text": "x"}), ("regex", {"pattern": "x"})):
        assert judge(kind, "x", file="a.md", **spec) == "a.md does not exist"


def test_a_persons_check_is_never_judged_by_the_machine() -> None:
    check = Check("c1", "t1", 1, "human_ack", {}, "open", "", None, None)
    assert judging.judge([check], "APPROVED", lambda path: None) == {}


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        (NewCheck("contains", {"text": "a"}), "the result contains “a”"),
        (NewCheck("not_contains", {"text": "a", "file": "b.md"}), "file b.md does not contain “a”"),
        (NewCheck("regex", {"pattern": "a+"}), "the result matches a+"),
        (NewCheck("json_schema", {"schema": {}}), "the result fits the JSON schema"),
        (NewCheck("file_exists", {"path": "b.md"}), "file b.md exists"),
        (NewCheck("human_ack", {}), "a person accepts the result"),
        (NewCheck("human_ack", {"question": "Is it kind?"}), "Is it kind?"),
    ],
)
def test_a_check_is_a_sentence(check: NewCheck, sentence: str) -> None:
    assert Check("c", "t", 1, check.kind, check.spec, "open", "", None, None).sentence == sentence
