"""What the pages say about workflows is what the program reads."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.domain.check_forms import NEEDED
from appliance.domain.workflows import expression_parts, published, reading, yaml_text
from appliance.domain.workflows.meaning import DEEPEST, MOST_INPUTS, MOST_STEPS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(DOCS.glob("workflow*.md"))
REFERENCE = (DOCS / "workflow-reference.md").read_text()
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{n}")
    for page in PAGES
    for n, block in enumerate(re.findall(r"^```ya?ml\n(slug:.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL), 1)
]


def keys(schema: Any) -> Iterator[str]:
    """Every key that the published form knows."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from keys(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keys(part)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_workflow_on_a_page_is_right(block: str) -> None:
    assert reading.check(block).faults == []


def test_every_key_is_in_the_reference() -> None:
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", FENCED.sub("", REFERENCE)))))
    # The checks have a page of their own.
    assert set(keys(published.SCHEMA)) - words - set(NEEDED) == set()


def test_every_kind_has_a_heading() -> None:
    assert set(published.KINDS) <= set(re.findall(r"^### (\w+)$", REFERENCE, re.MULTILINE))


def test_every_function_is_in_the_table() -> None:
    table = REFERENCE.partition("| function |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)\(", table)) >= set(expression_parts.FUNCTIONS)


def test_the_limits_are_those_of_the_program() -> None:
    limits = [yaml_text.LONGEST, yaml_text.MOST, MOST_INPUTS, published.MOST_STEPS, MOST_STEPS, DEEPEST]
    table = REFERENCE.partition("| limit |")[2].partition("\n\n")[0]
    assert [int(number.replace(",", "")) for number in re.findall(r"\| ([\d,]+)", table)] == limits
    assert f"at most {expression_parts.LONGEST:,} characters" in REFERENCE
