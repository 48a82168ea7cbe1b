"""docs/workflows.md can be followed: every workflow on it is applied, started, and carried through to its end."""

import re
from pathlib import Path
from typing import Any

import pytest

from appliance.domain import approvals, decisions, samples
from appliance.domain.instances import rows, starting
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import library
from tests.engine.floor import Floor

PAGE = (Path(__file__).parents[2] / "docs" / "workflows.md").read_text()
FIRST, SECOND, REFUND = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
NOTES = {"notes": "We ship on Friday. Dana tests, Ivo writes the notes."}


@pytest.fixture
def desk(floor: Floor) -> Floor:
    """With the sample team, as the page begins."""
    samples.add_team(floor.db, floor.actor, "simulated")
    return floor


def carried_out(desk: Floor, source: str, inputs: dict[str, Any]) -> Instance:
    slug = library.apply(desk.db, desk.actor, source).workflow.slug
    started = starting.start(desk.db, desk.actor, slug, inputs)
    desk.work()
    for asked in approvals.listing(desk.db).items:
        decisions.decide(desk.db, desk.actor, asked.id, "approve")
    desk.work()
    return rows.by_id(desk.db, started.id)


def test_the_empty_file_grows_into_a_workflow_with_an_approval_and_a_map(desk: Floor) -> None:
    assert carried_out(desk, FIRST, NOTES).state == "succeeded"
    ended = carried_out(desk, SECOND, NOTES)
    assert (ended.state, ended.version) == ("succeeded", 2)
    assert ended.output["actions"][0]["who"] in ("Dana", "Ivo", "Sana")


def test_the_check_that_is_too_strict_fails_where_the_page_says(desk: Floor) -> None:
    strict = SECOND.replace("- file_exists: mail.md", '- {regex: "^Dear ", file: mail.md}')
    assert strict != SECOND
    ended = carried_out(desk, strict, NOTES)
    assert (ended.state, ended.failure_code, ended.failed_path[-6:]) == ("failed", "checks_failed", "]/mail")


@pytest.mark.parametrize(("amount", "asked"), [(20, 0), (200, 1)])
def test_only_a_large_refund_is_asked_about(desk: Floor, amount: int, asked: int) -> None:
    assert carried_out(desk, REFUND, {"customer": "Fennel & Co", "amount": amount}).state == "succeeded"
    assert len(approvals.listing(desk.db, state="").items) == asked
