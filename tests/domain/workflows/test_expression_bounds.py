"""Expressions: what they refuse, and that nothing anybody writes does more than that, or takes long."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.domain.workflows import expressions
from appliance.errors import Problem
from tests.domain.workflows.expressing import KNOWN, fault, given_by


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
        ("1if true else 2", "a space between the number and the word"),
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
SPOKEN = """inputs steps item a b . [ ] ( ) { } , : + - * / // % ** == != < >= in not and or if else for x true
    null 0 1 -1 9223372036854775807 1e300 'a' "b" len str int float round min max sum any all sorted join lower
    upper contains default lambda := @ & | ~ ^ ' " f' __class__ .__init__ async await yield is None True ... \\"""
WORDS = st.sampled_from(SPOKEN.split())
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
