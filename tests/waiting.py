"""Waiting for what other threads and processes do, with an end to the patience."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_never = threading.Event()


def until(predicate: Callable[[], T], seconds: float = 10) -> T:
    """The first true answer of `predicate`; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := predicate():
            return answer
        _never.wait(0.005)
    raise AssertionError(f"not within {seconds} s")
