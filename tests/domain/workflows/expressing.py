"""What the tests of expressions work on."""

from typing import Any

import pytest

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
KNOWN = Known(frozenset({"change"}), frozenset({"review"}), frozenset({"review", "later"}))


def given_by(expression: str) -> Any:
    return expressions.value(f"${{{{ {expression} }}}}", NAMES)


def fault(template: str) -> str:
    with pytest.raises(Problem) as caught:
        expressions.value(template, NAMES)
    assert caught.value.code == "expression"
    return caught.value.detail
