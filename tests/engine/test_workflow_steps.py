"""Each kind of step through the real pump: what it starts, what it gives, and how it fails."""

from tests.engine import flows
from tests.engine.floor import Floor
from tests.engine.flows import chain, step


def test_a_chain_of_agent_steps_is_done_one_after_the_other(floor: Floor) -> None:
    flow = flows.run(floor, chain(step("a"), step("b"), step("c")))
    assert flow.now.state == "succeeded"
    assert list(flow.states.items()) == [("a", "done"), ("b", "done"), ("c", "done")]
    assert flow.now.task_state == "done"
