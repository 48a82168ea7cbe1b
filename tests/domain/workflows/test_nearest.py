"""What is offered instead of a word that is not there."""

from appliance.domain.workflows import reading


def test_a_step_is_not_offered_itself_to_wait_for() -> None:
    [fault] = reading.check("slug: tidy\nsteps: [{id: a, wait: 1, needs: [b]}]").faults
    assert fault.message == "there is no step 'b' in this list"
