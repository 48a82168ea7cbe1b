"""Tables and figures written by hand say what the program does."""

import re
from pathlib import Path
from typing import get_args

import pytest

from appliance.calls.asked import Reason, Refused
from appliance.domain import (
    agent_forms,
    approvals,
    checks,
    claims,
    judging,
    provider_forms,
    questions,
    setup,
    tasks,
    tool_lines,
)
from appliance.domain.actor import ROLES
from appliance.domain.notices import kinds as notice_kinds
from appliance.domain.notices import lists
from appliance.engine import planner
from appliance.gateway import simulated_script, types
from appliance.gateway.simulated_models import MODELS
from appliance.gateway.surfaces import chat, messages
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.surface import SURFACES
from appliance.web import surfaces_words

DOCS = Path(__file__).resolve().parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text()


def first_column(name: str, head: str) -> list[str]:
    """The first words of each row of the table whose first head is `head`."""
    found = re.search(rf"^\| {head} \|.*\n\|[ -|]+\n((?:\|.*\n)+)", page(name), re.MULTILINE)
    assert found, head
    return [re.split(r" \| ", row)[0].strip("|` ") for row in found[1].splitlines()]


@pytest.mark.parametrize(
    ("name", "head", "known"),
    [
        ("concepts.md", "role", list(ROLES)),
        ("concepts.md", "task", [state.replace("_", " ") for state in tasks.STATES]),
        ("approvals.md", "state", [state.replace("_", " ") for state in approvals.STATES]),
        ("notifications.md", "state", [state.replace("_", " ") for state in lists.STATES]),
        ("notifications.md", "kind", list(notice_kinds.KINDS)),
        ("approvals.md", "shape", list(questions.SHAPES)),
        ("agents-and-tasks.md", "tool", list(agent_forms.TOOLS)),
        ("agents-and-tasks.md", "check", list(checks.NEEDED)),
        ("providers-and-money.md", "kind", list(provider_forms.KINDS)),
        ("simulated-provider.md", "model", list(MODELS)),
        ("gateway.md", "surface", list(SURFACES)),
        ("gateway.md", "reason", list(get_args(Reason))),
        ("connect.md", "tool", list(tool_lines.TOOLS)),
    ],
)
def test_tables_are_complete(name: str, head: str, known: list[str]) -> None:
    assert sorted(first_column(name, head)) == sorted(known)


@pytest.mark.parametrize("reason", get_args(Reason))
def test_the_statuses_of_refusals_are_those_that_are_sent(reason: str) -> None:
    kind = "key" if reason == "key" else surfaces_words.of_refusal(Refused(reason, "")).kind  # type: ignore[arg-type]
    fault = Fault(kind, "")
    (row,) = [line for line in page("gateway.md").splitlines() if line.startswith(f"| `{reason}` |")]
    assert row.endswith(f"| {messages.status(fault)} | {chat.status(fault)} |")


def test_every_directive_is_documented() -> None:
    verbs = {line.removeprefix("sim: ").split(" ")[0] for line in first_column("simulated-provider.md", "line")}
    assert verbs == {*simulated_script.ANSWERS, *simulated_script.FAULTS, "latency", "usage"}


@pytest.mark.parametrize("model", MODELS)
def test_simulated_prices_are_those_of_the_models(model: str) -> None:
    price = MODELS[model].price
    figures = f"{price.input_usd_per_mtok.normalize():f} / {price.output_usd_per_mtok.normalize():f}"
    assert f"| `{model}` | {figures} |" in page("simulated-provider.md")


def test_numbers_in_the_text_are_those_of_the_program() -> None:
    work = page("agents-and-tasks.md")
    assert f"{planner.MAX_TURNS} turns without an end" in work
    assert (planner.MAX_FAULTS, planner.MAX_JUDGEMENTS, claims.MAX_WITHOUT_PROGRESS) == (3, 3, 5)
    assert judging.REGEX_SECONDS == 1
    assert f"{types.DEFAULT_OUTPUT_TOKENS:,} tokens of output" in page("providers-and-money.md")
    assert f"for {setup.LINK_SECONDS // 60} minutes" in page("getting-started.md")
