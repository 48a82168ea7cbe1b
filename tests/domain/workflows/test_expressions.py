"""Expressions: what they give, and that names are checked before anything runs."""

from typing import Any

import pytest

from appliance.domain.workflows import expressions
from appliance.errors import Problem
from tests.domain.workflows.expressing import KNOWN, NAMES, fault, given_by


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
