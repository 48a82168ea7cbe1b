"""What one thread says is heard by another, once, whichever of both comes first."""

import threading
from typing import Any

import pytest

from appliance.calls.promises import Promise

ROUNDS = 2000


def test_what_was_said_before_or_after_is_heard_once() -> None:
    early, late = Promise[int](), Promise[int]()
    heard: list[Any] = []
    early.set_result(1)
    for promise in (early, late):
        promise.add_done_callback(lambda done: heard.append(done.result()))
    assert early.done() and not late.done() and heard == [1]
    late.set_result(2)
    assert heard == [1, 2]


def test_an_error_is_raised_by_who_asks_for_the_result() -> None:
    promise: Promise[int] = Promise()
    promise.set_exception(LookupError("gone"))
    assert isinstance(promise.exception(), LookupError)
    with pytest.raises(LookupError, match="gone"):
        promise.result()


def test_who_waits_gets_it_from_another_thread_or_gives_up() -> None:
    promise: Promise[int] = Promise()
    with pytest.raises(TimeoutError):
        promise.result(0.001)
    other = threading.Thread(target=promise.set_result, args=(0,))
    other.start()
    assert promise.result(20) == 0
    other.join()


def test_listeners_that_come_while_it_is_said_are_all_called_and_none_twice() -> None:
    promises: list[Promise[int]] = [Promise() for _ in range(ROUNDS)]
    heard: list[int] = []
    begin = threading.Barrier(2)

    def say() -> None:
        begin.wait()
        for n, promise in enumerate(promises):
            promise.set_result(n)

    other = threading.Thread(target=say)
    other.start()
    begin.wait()
    for promise in promises:
        promise.add_done_callback(lambda done: heard.append(done.result()))
    other.join()
    assert sorted(heard) == list(range(ROUNDS))
