"""Expressions: what they give, what they refuse, and that nothing anybody writes does more than that."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.domain.workflows import expressions
from appliance.domain.workflows.expressions import Known
from appliance.errors import Problem

NAMES: dict[str, Any] = {
    "inputs": {"amount": 120, "change": "Fix login", "tags": ["b", "a"], "flag": True, "odd-key": 1},
    "steps": {
        "review": {"output": {"text": "Fine", "data": [{"n": 1}, {"n": 2}], "none": None}, "state": "done"},
        "each": {"output": list(range(10_000)), "state": "done"},
    },
    "item": {"name": "x"},
    "index": 3,
    "instance": {"number": 7},
}


def given_by(expression: str) -> Any:
    return expressions.value(f"${{{{ {expression} }}}}", NAMES)


def fault(template: str) -> str:
    with pytest.raises(Problem) as caught:
        expressions.value(template, NAMES)
    assert caught.value.code == "expression"
    return caught.value.detail


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("inputs.amount > 100", True),
        ("inputs.amount + 1.5", 121.5),
        ("7 // 2 + 7 % 4 - 2 ** 3", -2),
        ("10 / 4", 2.5),
        ("inputs.change + '!'", "Fix login!"),
        ("inputs.tags + ['c']", ["b", "a", "c"]),
        ("inputs['odd-key']", 1),
        ("steps.review.output.data[1].n", 2),
        ("steps.review.output.data[-1]['n']", 2),
        ("inputs.change[:3]", "Fix"),
        ("steps.each.output[2:8:3]", [2, 5]),
        ("steps.review.state == 'done' and not inputs.flag", False),
        ("'a' if inputs.flag else 'b'", "a"),
        ("[x.n * 2 for x in steps.review.output.data if x.n > 1]", [4]),
        ("sum(x.n for x in steps.review.output.data)", 3),
        ("sum([x for x in steps.each.output])", 49_995_000),
        ("all([x >= 0 for x in steps.each.output])", True),
        ("any([])", False),
        ("{'a': {'b': [true, false, null]}}", {"a": {"b": [True, False, None]}}),
        ("len(inputs.tags) + len('abc') + len({'a': 1})", 6),
        ("str(1.0) + str(true) + str(null) + str([1])", "1.0true[1]"),
        ("int('12') + int(3.9)", 15),
        ("float('1.5')", 1.5),
        ("round(2.567, 1)", 2.6),
        ("round(2.567)", 3),
        ("min(3, 1, 2) + max([3, 1, 2])", 4),
        ("sorted(inputs.tags)", ["a", "b"]),
        ("join(inputs.tags)", "b, a"),
        ("join([1, true, 'x'], '-')", "1-true-x"),
        ("upper('a') + lower('B')", "Ab"),
        ("contains(inputs.tags, 'a')", True),
        ("'login' in inputs.change", True),
        ("'amount' in inputs and 'x' not in inputs", True),
        ("default(inputs.nothing, 'else')", "else"),
        ("default(steps.review.output.none.deeper[3], 1)", 1),
        ("default(inputs.amount, 1)", 120),
        ("1 < 2 < 3", True),
        ("'a' < 'b'", True),
        ("item.name + str(index) + str(instance.number)", "x37"),
        ("-inputs.amount", -120),
        ('"${{ }}"', "${{ }}"),
        ("'it\\'s'", "it's"),
    ],
)
def test_an_expression_gives_a_typed_value(expression: str, value: Any) -> None:
    found = given_by(expression)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("1", "1.0", True),
        ("true", "1", False),
        ("0", "false", False),
        ("'1'", "1", False),
        ("null", "false", False),
        ("null", "null", True),
        ("[1, true]", "[1.0, true]", True),
        ("[1]", "[true]", False),
        ("{'a': 1}", "{'a': 1.0}", True),
        ("{'a': 1}", "{'a': true}", False),
        ("{'a': 1}", "{'b': 1}", False),
        ("[]", "{}", False),
    ],
)
def test_equality_goes_by_type_and_value(left: str, right: str, same: bool) -> None:
    assert given_by(f"{left} == {right}") is same
    assert given_by(f"{left} != {right}") is not same
    assert given_by(f"contains([{left}], {right})") is same


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
@pytest.mark.parametrize(("left", "right"), [("1", "'1'"), ("true", "1"), ("null", "1"), ("[1]", "[2]"), ("{}", "{}")])
def test_what_can_not_be_ordered_is_not_compared(left: str, right: str, sign: str) -> None:
    assert "compares two numbers or two texts" in fault(f"${{{{ {left} {sign} {right} }}}}")


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("${{ inputs.amount }}", 120),
        ("  ${{ inputs.amount }}\n", 120),
        ("Review ${{ inputs.change }} (${{inputs.amount}})", "Review Fix login (120)"),
        ("a${{ null }}b${{ [1, 'x'] }}c${{ true }}", 'ab[1,"x"]ctrue'),
        ("${{ inputs.amount }}${{ inputs.amount }}", "120120"),
        ({"a": ["${{ index }}", {"b": "n${{ index }}"}], "c": 5}, {"a": [3, {"b": "n3"}], "c": 5}),
        ("costs $5 {{ not }} ${ this }", "costs $5 {{ not }} ${ this }"),
        (None, None),
        (True, True),
    ],
)
def test_values_are_put_into_texts_lists_and_objects(template: Any, value: Any) -> None:
    assert expressions.value(template, NAMES) == value


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("inputs.amuont", "did you mean 'amount'?"),
        ("nothing", "there is no 'nothing' here"),
        ("inputs.change.size", "text has no 'size'"),
        ("steps.review.output.none.x", "null has no 'x'"),
        ("inputs.tags[9]", "there is no item 9; there are 2"),
        ("inputs.tags[true]", "an item is named by a whole number"),
        ("inputs.tags['a']", "a list has no 'a'"),
        ("inputs.amount[0]", "has no items"),
        ("inputs.tags[::0]", "whole numbers"),
        ("inputs.change + 1", "put str(…) around the other"),
        ("true + 1", "+ takes numbers, not true"),
        ("'a' * 3", "* takes numbers"),
        ("'%s' % 3", "% takes numbers"),
        ("1 / 0", "divides by zero"),
        ("9 ** 9 ** 9", "too large"),
        ("2 ** 63", "too large"),
        ("9223372036854775807 + 1", "too large"),
        ("99999999999999999999", "too large"),
        ("1e999", "too large"),
        ("(-8) ** 0.5", "the root of a negative number"),
        ("inputs.amount and true", "and needs true or false"),
        ("not 1", "not needs true or false"),
        ("1 if 'x' else 2", "if needs true or false"),
        ("len(5)", "len takes"),
        ("int('x')", "not a number that int can read"),
        ("int(null)", "not null"),
        ("float('nan')", "too large"),
        ("round('x')", "round takes a number"),
        ("round(1, 99)", "0 to 15 digits"),
        ("sum(['a'])", "a list of numbers"),
        ("sorted([1, 'a'])", "numbers only or texts only"),
        ("min([])", "empty list"),
        ("upper(1)", "upper takes text"),
        ("join(1)", "join takes a list"),
        ("join([], 1)", "puts a text between"),
        ("contains(1, 2)", "can't be in"),
        ("any([1])", "any needs true or false"),
        ("[x for x in 'abc']", "for takes a list"),
        ("", "nothing between"),
        ("1 +", "can't be read"),
        ("inputs.flag && true", "write and instead of &&"),
        ("inputs.flag || true", "write or instead of ||"),
        ("x = 1", "can't be read"),
        ("inputs.change.upper()", "only functions are called"),
        ("shout('x')", "there is no function shout"),
        ("len()", "len takes 1 value, not 0"),
        ("round(1, digits=2)", "takes plain values"),
        ("round(*[1])", "takes plain values"),
        ("lambda: 1", "lambda is not part of the language"),
        ("(1, 2)", "write a list"),
        ("{1, 2}", "not part of the language"),
        ("{1: 2}", "the keys of an object are texts"),
        ("{**inputs}", "the keys of an object are texts"),
        ("f'{1}'", "an f-text"),
        ("1 is 1", "write =="),
        ("1 << 2", "not part of the language"),
        ("~1", "not part of the language"),
        ("b'x'", "not a value here"),
        ("1j", "not a value here"),
        ("...", "not a value here"),
        ("'\\ud800'", "a character in it that is none"),
        ("'\\x41'", "a backslash in a text"),
        ("[x for x in [1] for y in [2]]", "one `for` is enough"),
        ("[a for a, b in [[1, 2]]]", "`for` takes one name"),
        ("(y := 1)", "not part of the language"),
        ("inputs.__class__", "there is no '__class__'"),
        ("''.__class__.__mro__", "text has no '__class__'"),
        ("len.__self__", "there is no 'len' here"),
        ("-" * 500 + "1", "nested too deep"),
        ("(" * 500 + "1" + ")" * 500, "can't be read"),
        ("+".join("1" for _ in range(200)), "nested too deep"),
        ("inputs" + ".a" * 200, "nested too deep"),
        ("1 " * 1500, "at most 2,000 characters"),
        ("[y for x in steps.each.output for y in [1]]", "one `for` is enough"),
        ("[[x + y for x in steps.each.output] for y in steps.each.output]", "too much work"),
        ("[sorted(steps.each.output) for x in steps.each.output]", "too much work"),
        ("[str(steps.each.output) for x in steps.each.output]", "too much work"),
        ("[steps.each.output == steps.each.output + [1] for x in steps.each.output]", "too much work"),
    ],
)
def test_what_has_no_value_is_refused_in_a_sentence(expression: str, word: str) -> None:
    assert word in fault(f"${{{{ {expression} }}}}")


@pytest.mark.parametrize("template", ["${{ 1 }", "a ${{ 'x }}", "${{ {'a': 1 }}", "${{" + "1" * 3000 + "}}"])
def test_an_expression_without_an_end_is_refused(template: str) -> None:
    assert "}}" in fault(template)


def test_a_text_that_gets_too_long_is_refused() -> None:
    names = {"inputs": {"long": "x" * 600_000}}
    for template in ("${{ inputs.long + inputs.long }}", "${{ inputs.long }}${{ inputs.long }}"):
        with pytest.raises(Problem, match="longer than 1,000,000 characters"):
            expressions.value(template, names)


def test_a_condition_is_true_or_false() -> None:
    assert expressions.holds("${{ inputs.amount > 100 }}", NAMES) is True
    assert expressions.holds("${{ inputs.amount > 200 }}", NAMES) is False
    for condition in ("${{ inputs.amount }}", "${{ null }}", "yes"):
        with pytest.raises(Problem, match="a condition must be true or false"):
            expressions.holds(condition, NAMES)


def test_the_data_stay_as_they_were() -> None:
    before = repr(NAMES)
    given_by("[item for item in inputs.tags]")
    given_by("sorted(inputs.tags) + inputs.tags")
    assert repr(NAMES) == before
    assert given_by("item.name") == "x"


KNOWN = Known(frozenset({"change"}), frozenset({"review"}), frozenset({"review", "later"}))


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("inputs.change", ""),
        ("inputs", ""),
        ("steps.review.output.anything[0].goes", ""),
        ("steps['review'].state", ""),
        ("instance.number", ""),
        ("[x.y for x in steps.review.output]", ""),
        ("inputs.chagne", "did you mean 'change'?"),
        ("steps.reveiw.output", "did you mean 'review'?"),
        ("steps.later.output", "need not have ended by then"),
        ("steps.review.text", "write steps.review.output.text"),
        ("steps[inputs.change]", "name the step"),
        ("item", "outside the steps of a map"),
        ("[1 for x in item]", "outside the steps of a map"),
        ("instance.id", "it has number"),
        ("change", "there is no 'change'"),
        ("[x for y in [1]]", "there is no 'x'"),
        ("nothing()", "there is no function nothing"),
    ],
)
def test_names_are_checked_before_anything_runs(expression: str, word: str) -> None:
    found = expressions.check({"a": [f"x ${{{{ {expression} }}}}"]}, KNOWN)
    assert word in found
    assert bool(found) is bool(word)


def test_inside_a_map_there_is_an_item() -> None:
    assert expressions.check("${{ item.name }} ${{ index }}", KNOWN._replace(item=True)) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
WORDS = st.sampled_from(
    [
        "inputs",
        "steps",
        "item",
        "a",
        "b",
        ".",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        ":",
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "==",
        "!=",
        "<",
        ">=",
        "in",
        "not",
        "and",
        "or",
        "if",
        "else",
        "for",
        "x",
        "true",
        "null",
        "0",
        "1",
        "-1",
        "9223372036854775807",
        "1e300",
        "'a'",
        '"b"',
        "len",
        "str",
        "int",
        "float",
        "round",
        "min",
        "max",
        "sum",
        "any",
        "all",
        "sorted",
        "join",
        "lower",
        "upper",
        "contains",
        "default",
        "lambda",
        ":=",
        "@",
        "&",
        "|",
        "~",
        "^",
        "\\",
        "'",
        '"',
        "f'{",
        "__class__",
        ".__init__",
        "async",
        "await",
        "yield",
        "*",
        "**",
        "is",
        "None",
        "True",
        "...",
    ]
)
WRITTEN = st.lists(WORDS, max_size=25).map(" ".join) | st.lists(WORDS, max_size=25).map("".join) | st.text(max_size=60)


@settings(max_examples=600, deadline=None)
@given(WRITTEN, JSON, JSON)
def test_whatever_is_written_gives_a_value_or_a_problem_soon(expression: str, a: Any, b: Any) -> None:
    names = {"inputs": {"a": a, "b": b}, "steps": {"x": {"output": a, "state": "done"}}, "item": b}
    began = time.process_time()
    for template in (expression, f"${{{{ {expression} }}}}", f"x${{{{{expression}}}}}y"):
        expressions.check(template, KNOWN)
        try:
            found = expressions.value(template, names)
        except Problem as problem:
            assert problem.code == "expression"
        else:
            assert isinstance(found, str | int | float | list | dict | None)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "expression",
    [
        "[" * 30 + "steps.each.output" + "]" * 30,
        "[[[[x for x in steps.each.output] for y in steps.each.output] for z in steps.each.output] for w in [1]]",
        "join([str(steps.each.output) for x in steps.each.output])",
        "[x ** 62 for x in steps.each.output]",
        "steps.each.output" + " + steps.each.output" * 50,
        "sorted(" * 40 + "steps.each.output" + ")" * 40,
        "[steps.each.output[:] for x in steps.each.output]",
        "max([join(steps.each.output, join(steps.each.output)) for x in steps.each.output])",
        "[upper(join(steps.each.output)) for x in steps.each.output]",
        "contains(steps.each.output, -1)" + " or contains(steps.each.output, -1)" * 50,
    ],
)
def test_the_worst_that_can_be_asked_ends_soon(expression: str) -> None:
    began = time.process_time()
    try:
        given_by(expression)
    except Problem as problem:
        assert problem.code == "expression"
    assert time.process_time() - began < 1
