"""What is being worked on, for the log: the request, the tenant and the run of this thread or coroutine."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

FIELDS = ("request", "tenant", "run")
_known: ContextVar[dict[str, str]] = ContextVar("known", default={})  # noqa: B039  never changed, only replaced


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Log lines of the block name these ids, and those of blocks around it."""
    token = _known.set({**_known.get(), **{name: value for name, value in ids.items() if value}})
    try:
        yield
    finally:
        _known.reset(token)


def also(**ids: str) -> None:
    """The same from now on, until the block around ends."""
    _known.set({**_known.get(), **ids})


def known() -> dict[str, str]:
    return _known.get()
