"""A workflow that failed is one card of the inbox, which leads to its step."""

from appliance.domain import inbox
from appliance.domain.instances import starting
from appliance.domain.workflows.definition import AgentStep, Step
from tests.domain.waking import Office
from tests.engine import flows


def test_a_failed_workflow_is_one_card_and_not_a_stuck_task(office: Office) -> None:
    flows.apply(office.db, [Step("a", AgentStep("nobody"))])
    made = starting.start(office.db, office.person, "flow", {})
    assert made.state == "failed"
    [item] = inbox.items(office.db).items
    assert (item.kind, item.task_id, item.path) == ("workflow", made.task_id, f"/instances/{made.number}")
    assert item.sentence.startswith("The step a failed: ")
    assert [verb.verdict for verb in item.verbs] == ["again"]
    assert inbox.counts(office.db) == {"workflow": 1}
