"""Every code the program can write on a run is in the one table that says what it means and what to do."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import appliance
from appliance import errors
from appliance.calls import run_codes
from appliance.domain.run_codes import CODES
from appliance.gateway.failures import FAILURES

ROOT = Path(appliance.__file__).parent
# Where the code stands among the arguments of what ends or parks a run.
PLACES = {"Verdict": 1, "park": 2, "end": 3, "fail": 3}
STATES = {"failed", "incomplete", "cancelled", "timed_out"}


def written() -> set[str]:
    files = [*ROOT.glob("engine/*.py"), *ROOT.glob("domain/*.py")]
    return {code for file in files for node in ast.walk(ast.parse(file.read_text())) for code in _codes(node)}


def _codes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = node.args[PLACES[name] :] if name in PLACES else []
        yield from (arg.value for arg in given[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str))
    if isinstance(node, ast.Tuple) and len(node.elts) == 3:
        state, code, _ = (e.value if isinstance(e, ast.Constant) else None for e in node.elts)
        if state in STATES and isinstance(code, str):
            yield code
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 4:
        yield from (e.value for e in node.value.elts[3:] if isinstance(e, ast.Constant) and e.value)


def test_every_code_the_engine_can_write_is_in_the_table() -> None:
    found = written()
    assert found >= {"mismatch", "version", "poison", "in_doubt", "cancelled", "forked", "turn_limit", "unknown_tool"}
    assert found - set(CODES) == set()


def test_codes_of_model_calls_and_of_refusals_have_a_meaning_too() -> None:
    for code in (*FAILURES, *errors.CODES):
        assert run_codes.of(code).title and run_codes.of(code).what_to_do


@pytest.mark.parametrize("code", CODES)
def test_titles_are_words_and_advice_is_a_sentence(code: str) -> None:
    row = CODES[code]
    assert row.title[0].isupper() and not row.title.endswith(".")
    assert row.what_to_do.endswith(".")
