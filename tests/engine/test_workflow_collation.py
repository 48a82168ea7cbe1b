"""Paths mean the same whatever the language of the database server sorts by."""

import pytest

from appliance.domain.instances import nodes
from appliance.domain.workflows.definition import AgentStep, MapStep, Retry
from tests.engine import flows
from tests.engine.floor import Floor
from tests.engine.flows import step
from tests.engine.test_workflow_again import again


@pytest.fixture
def english(floor: Floor) -> Floor:
    """A server set up for English, which passes over brackets and slashes when it compares."""
    if floor.db.skip_locked:
        floor.db.execute('ALTER TABLE nodes ALTER COLUMN path TYPE TEXT COLLATE "en-x-icu"')
    return floor


def test_a_map_that_is_tried_again_begins_with_nothing_of_its_first_attempt(english: Floor) -> None:
    with flows.flaky(english, 1):
        does = MapStep([1, 2], [step("work", AgentStep("flaky"))], bound=1)
        flow = flows.run(english, [step("each", does, retry=Retry(2, 60))])
        with english.later(61):
            english.work()
    assert (flow.now.state, flow.node("each").attempt) == ("succeeded", 2)
    assert nodes.counts(english.db, flow.id, "each[") == {"done": 4}
    assert nodes.counts(english.db, flow.id, "each[1]/") == {"done": 1}


def test_again_takes_over_what_is_inside_a_kept_step(english: Floor) -> None:
    flow = flows.run(english, flows.chain(step("each", MapStep([1, 2], [step("work")])), step("b")))
    assert list(again(flow, "b").states) == ["each", "each[0]", "each[1]", "each[0]/work", "each[1]/work", "b"]
