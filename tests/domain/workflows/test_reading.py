"""Reading YAML: what it makes of a workflow, and that whatever is wrong is said with its place, line and remedy."""

import copy
import time
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.domain.workflows import published, reading, shapes, yaml_text
from appliance.domain.workflows.definition import AgentStep, HttpStep, MapStep, Retry, Step, WhenStep
from tests.domain.workflows.documents import FORM, FULL, MEANING, Wrong, steps

JUDGE = jsonschema.Draft202012Validator(published.SCHEMA)


def read(source: str) -> dict[str, Step]:
    report = reading.check(source)
    assert report.faults == []
    assert report.definition
    return {step.id: step for step in report.definition.steps}


def does(source: str) -> Any:
    return read(steps(f"  - {{id: a, {source}}}\n"))["a"].does


def test_everything_there_is_is_read() -> None:
    made = read(FULL)
    look, each, big = made["look"].does, made["each"].does, made["big"].does
    assert isinstance(look, AgentStep) and isinstance(each, MapStep) and isinstance(big, WhenStep)
    assert made["look"].retry == Retry(3, 5.0, 2.0, 300.0, ["checks_failed"])
    assert (made["look"].timeout_s, look.priority, look.budget_usd, look.output_file) == (
        1800,
        2,
        "2.5",
        "findings.json",
    )
    assert [check.kind for check in look.checks][2:] == ["contains", "reviewer_agent", "url_200", "human_ack"]
    assert look.checks[2].spec == {"text": "done", "file": "review.md"}
    undo = made["look"].compensate
    assert undo and (undo.id, undo.kind, undo.needs) == ("undo", "http", [])
    assert (each.bound, each.join, made["each"].join, made["each"].needs) == (50, "collect", "any", ["test"])
    assert [step.id for step in each.do] == ["fix", "note"]
    assert (made["call"].join, made["call"].least) == ("least", 2)
    assert made["until"].needs == ["look"] and made["paid"].needs == []


def test_it_is_read_alike_without_the_fast_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = yaml_text.read(FULL)
    monkeypatch.setattr(yaml_text, "_LOADER", yaml.SafeLoader)
    assert yaml_text.read(FULL) == fast


def test_a_definition_survives_being_stored() -> None:
    made = reading.check(FULL).definition
    assert made and msgspec.json.decode(msgspec.json.encode(made), type=type(made)) == made


def test_a_step_follows_the_one_before_it_unless_it_says_otherwise() -> None:
    made = read(steps("  - {id: a, wait: 1}\n  - {id: b, wait: 1}\n  - {id: c, wait: 1, needs: []}\n"))
    assert [step.needs for step in made.values()] == [[], ["a"], []]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90", 90), ("1.5", 1.5), ("90s", 90), ("250ms", 0.25), ("10m", 600), ("2h", 7200), ("3d", 259200)],
)
def test_durations(written: str, seconds: float) -> None:
    assert does(f"wait: {written}").seconds == seconds


@pytest.mark.parametrize(
    ("written", "effect"),
    [
        ("https://x.example", "idempotent"),
        ("{url: x, method: POST}", "once"),
        ("{url: x, method: PUT}", "idempotent"),
        ("{url: x, method: POST, effect: keyed}", "keyed"),
    ],
)
def test_a_request_that_may_not_be_sent_twice_is_not(written: str, effect: str) -> None:
    step = does(f"http: {written}")
    assert isinstance(step, HttpStep)
    assert step.effect == effect


def test_inputs_by_name_are_required_unless_they_have_a_default() -> None:
    report = reading.check("slug: tidy\ninputs: {a: string, b: {type: integer, default: 2}}\nsteps: [{id: a, wait: 1}]")
    assert report.definition and report.definition.inputs == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer", "default": 2}},
        "required": ["a"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("name", ["type", "properties", "required"])
def test_an_input_may_have_the_name_of_a_keyword(name: str) -> None:
    report = reading.check(f"slug: tidy\ninputs: {{{name}: {{type: string}}}}\nsteps: [{{id: a, wait: 1}}]")
    assert report.definition and list(report.definition.inputs["properties"]) == [name]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("12:30:45", "12:30:45"),
        ("2026-12-01", "2026-12-01"),
        (".inf", ".inf"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_a_plain_word_means_what_yaml_1_2_says(written: str, value: Any) -> None:
    data, faults = yaml_text.read(f"a: {written}")
    assert faults == []
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


def test_an_alias_repeats_what_it_names() -> None:
    made = read(steps("  - {id: a, wait: 1, retry: &often {max_attempts: 5}}\n  - {id: b, wait: 1, retry: *often}\n"))
    assert made["a"].retry == made["b"].retry == Retry(5)


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("source", "word"),
    [
        (LAUGHS, "more than 100,000 values"),
        ("[" * 400_000, "nested deeper than 60 levels"),
        ("- " * 5_000, "nested deeper than 60 levels"),
        ("a: &a [*a]", "there is no &a before this"),
        ("x" * 1_000_001, "longer than 1,000,000 characters"),
        ("? {a: b}\n: c", "a key is a plain word"),
        ("a: 1\n---\na: 2", "a second document starts here"),
        ("a: !!python/name:os.system x", "tags such as"),
        ("a: !secret x", "tags such as"),
        ("a: b: c", "put the text in quotes"),
        ("steps:\n\t- a: 1", "indent with spaces, not tabs"),
        ("a: [1, 2", "can't be read as YAML"),
        ("a: '\\x00'\nb: \"\\0\"", "a character in it that is none"),
        ("a: \x07", "a character in it that YAML does not know"),
        ("a: \ud800", "a character in it that YAML does not know"),
        ("a: 99999999999999999999", "the number is too large"),
        ("a: 1e999", "the number is too large"),
        ("", "the text is empty"),
        ("# nothing", "the text is empty"),
        ("~", "the text is empty"),
    ],
)
def test_a_text_that_is_no_workflow_is_refused_soon(source: str, word: str) -> None:
    began = time.process_time()
    report = reading.check(source)
    assert any(word in fault.message for fault in report.faults), report.faults
    assert report.definition is None
    assert time.process_time() - began < 1


def test_a_key_that_is_there_twice_is_named_with_both_lines() -> None:
    report = reading.check(steps("  - id: a\n    wait: 1\n    id: b\n"))
    assert [fault.sentence for fault in report.faults] == [
        "line 5: steps[0].id: 'id' is here twice, first on line 3; keep one"
    ]


@pytest.mark.parametrize("wrong", [*FORM, *MEANING], ids=lambda wrong: f"{wrong.path}: {wrong.word}"[:60])
def test_what_is_wrong_is_said_with_its_place(wrong: Wrong) -> None:
    report = reading.check(wrong.source)
    assert report.definition is None
    assert [fault.path for fault in report.faults] == [wrong.path], report.faults
    assert wrong.word in report.faults[0].message
    assert report.faults[0].message[-1] not in ".!"


def test_every_fault_is_told_at_once_in_the_order_of_the_lines() -> None:
    source = """slug: tidy
title: x
steps:
  - id: a
    agent: dana
    body: ${{ inputs.change }}
  - id: b
    agnet: dana
  - id: c
    command: run ${{ steps.b.output }} ${{ steps.d.output }}
    timeout: never
  - id: d
    map: ${{ steps.c.output }}
    do:
      - {id: e, http: {url: x, method: FETCH}}
      - {id: f, command: "x ${{ steps.g.output }}"}
"""
    assert [(fault.line, fault.path) for fault in reading.check(source).faults] == [
        (2, "title"),
        (6, "steps[0].body"),
        (7, "steps[1]"),
        (10, "steps[2].command"),
        (11, "steps[2].timeout"),
        (15, "steps[3].do[0].http.method"),
        (16, "steps[3].do[1].command"),
    ]


def test_steps_are_nested_eight_levels_deep_and_no_deeper() -> None:
    def nested(levels: int) -> str:
        text = "[{id: z, wait: 1}]"
        for _ in range(levels - 1):
            text = f"[{{id: m, map: [1], do: {text}}}]"
        return f"slug: deep\nsteps: {text}"

    assert reading.check(nested(8)).definition
    [fault] = reading.check(nested(9)).faults
    assert "nested deeper than 8 levels" in fault.message


BACKWARDS = "".join(f"  - {{id: s{n}, wait: 1, needs: [{f's{n + 1}' if n < 999 else ''}]}}\n" for n in range(1000))
EVERYTHING = "".join(
    f"  - {{id: s{n}, wait: 1, needs: [{', '.join(f's{m}' for m in range(n))}]}}\n" for n in range(300)
)
NOTHING = "".join(f"  - {{id: s{n}, wait: 1, needs: [{', '.join(f'x{m}' for m in range(500))}]}}\n" for n in range(90))


@pytest.mark.parametrize(("text", "faults"), [(BACKWARDS, 0), (EVERYTHING, 0), (NOTHING, 50)])
def test_the_order_of_many_steps_is_found_soon(text: str, faults: int) -> None:
    began = time.process_time()
    assert len(reading.check(steps(text)).faults) == faults
    assert time.process_time() - began < 3


def test_more_inputs_or_larger_schemas_than_anybody_reads_are_refused_soon() -> None:
    many = ", ".join(f"k{n}: {{type: string, pattern: a}}" for n in range(5_000))
    for text in (f"inputs: {{{many}}}", f"output_schema: {{properties: {{{many}}}}}"):
        [fault] = reading.check(f"slug: tidy\n{text}\nsteps: [{{id: a, wait: 1}}]").faults
        assert "at most 200 inputs" in fault.message or "more than 2,000 parts" in fault.message


def agree(data: Any) -> bool:
    """Both judges say the same; whether that is yes."""
    good = not list(shapes.faults(data))
    assert good is JUDGE.is_valid(data), data
    return good


def test_the_published_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(published.SCHEMA)


def test_the_published_schema_and_the_reader_agree_on_examples() -> None:
    assert agree(yaml_text.read(FULL)[0])
    assert not any(agree(yaml_text.read(wrong.source)[0]) for wrong in FORM)
    assert all(agree(yaml_text.read(wrong.source)[0]) for wrong in MEANING)


SPOILT = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1,
        1.5,
        99_999_999_999,
        "",
        "x",
        "90s",
        "all",
        "any",
        [],
        ["a"],
        {},
        {"a": 1},
        [{}],
        "X y",
        "a" * 500,
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_published_schema_and_the_reader_agree_on_whatever_is_spoilt(data: st.DataObject) -> None:
    document = msgspec.json.decode(msgspec.json.encode(yaml_text.read(FULL)[0]))
    for _ in range(data.draw(st.integers(1, 3))):
        spoil(document, data)
    agree(document)
    report = reading.check(msgspec.json.encode(document).decode())
    assert (report.definition is None) is bool(report.faults)


def spoil(document: Any, data: st.DataObject) -> None:
    """Put something else in a place however deep, take it away, or add a key."""
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.integers(0, 4)):
            place = place[key]
            continue
        act = data.draw(st.sampled_from(["put", "drop", "add"]))
        if act == "put":
            place[key] = copy.deepcopy(data.draw(SPOILT))
        elif act == "drop":
            del place[key]
        elif isinstance(place, dict):
            added = data.draw(st.sampled_from(["agent", "wait", "needs", "join", "kind", "file", "nothing"]))
            place[added] = copy.deepcopy(data.draw(SPOILT))
        return


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.lists(st.sampled_from(list("ab:-[]{}&*!|>'\"#%@,? \n")), max_size=80).map("".join))
def test_whatever_text_there_is_gets_a_report(source: str) -> None:
    report = reading.check(source)
    assert (report.definition is None) is bool(report.faults)


def test_properties_that_are_none_are_a_fault_and_no_crash() -> None:
    for odd in ("true", "[a]", "5", "text"):
        found = reading.check(f"slug: tidy\ninputs: {{type: object, properties: {odd}}}\nsteps: [{{id: a, wait: 1}}]")
        assert found.definition is None and found.faults[0].path.startswith("inputs"), odd
