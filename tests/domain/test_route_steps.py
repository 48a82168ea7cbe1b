"""What follows a failed sending, by itself: the same again, the next target, or the end."""

import pytest

from appliance.domain.route_steps import NEXT, STOP, Step, next_after
from appliance.gateway import failures
from appliance.gateway.failures import ProviderFailure

ONE, TWO = range(1), range(2)


def answered(status: int, **headers: str) -> ProviderFailure:
    return failures.from_response(status, {k.replace("_", "-"): v for k, v in headers.items()}, b"{}")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again_after_a_short_pause_then_at_the_next_target(status: int) -> None:
    assert next_after(answered(status), [0], TWO) == Step("again", 0.5)
    assert next_after(answered(status), [0, 0], TWO) == NEXT
    assert next_after(answered(status), [0, 0, 1], TWO) == Step("again", 1.5)
    assert next_after(answered(status), [0, 0, 1, 1], TWO) == STOP


@pytest.mark.parametrize("status", [400, 404, 405, 413, 422])
def test_what_is_wrong_with_the_request_is_never_sent_again(status: int) -> None:
    assert next_after(answered(status), [0], TWO) == STOP


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_key_or_an_empty_account_moves_on_at_once(status: int) -> None:
    assert next_after(answered(status), [0], TWO) == NEXT
    assert next_after(answered(status), [0, 1], TWO) == STOP


def test_a_call_is_sent_again_twice_at_most() -> None:
    assert next_after(answered(500), [0], ONE) == Step("again", 0.5)
    assert next_after(answered(500), [0, 0], ONE) == Step("again", 1.5)
    assert next_after(answered(500), [0, 0, 0], ONE) == STOP
    assert next_after(answered(500), [0, 0, 0], TWO) == NEXT


@pytest.mark.parametrize(("asked", "step"), [("20", Step("again", 20.0)), ("21", STOP), ("0", Step("again", 0.0))])
def test_a_retry_after_is_waited_for_up_to_twenty_seconds(asked: str, step: Step) -> None:
    assert next_after(answered(429, Retry_After=asked), [0], ONE) == step


def test_nobody_waits_long_where_another_target_is_free() -> None:
    assert next_after(answered(429, Retry_After="3"), [0], TWO) == NEXT
    assert next_after(answered(429, Retry_After="2"), [0], TWO) == Step("again", 2.0)


def test_a_server_that_cannot_be_reached_is_left_at_once_for_another() -> None:
    gone = ProviderFailure("provider_unreachable", phase="connect")
    assert next_after(gone, [0], TWO) == NEXT
    assert next_after(gone, [0], ONE) == Step("again", 0.5)


@pytest.mark.parametrize("phase", ["mid_stream", "complete"])
@pytest.mark.parametrize("code", ["provider_overloaded", "provider_auth", "stream_cut", "provider_timeout"])
def test_nothing_is_sent_again_once_an_answer_has_begun(code: str, phase: failures.Phase) -> None:
    assert next_after(ProviderFailure(code, phase=phase), [0], TWO) == STOP


@pytest.mark.parametrize("code", ["cancelled", "gateway_defect", "provider_address_refused", "provider_garbage"])
def test_what_no_other_sending_mends_ends_the_call(code: str) -> None:
    assert next_after(ProviderFailure(code, phase="connect"), [0], TWO) == STOP
