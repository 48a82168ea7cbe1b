"""What is being worked on, for the log: the request, the tenant and the run of this thread or coroutine."""

from contextvars import ContextVar

FIELDS = ("request", "tenant", "run")
_known: ContextVar[dict[str, str]] = ContextVar("known", default={})  # noqa: B039  never changed, only replaced


class about:
    """Log lines of the block name these ids, and those of blocks around it."""

    def __init__(self, **ids: str) -> None:
        self._ids = ids

    def __enter__(self) -> None:
        self._token = _known.set({**_known.get(), **{name: value for name, value in self._ids.items() if value}})

    def __exit__(self, *_: object) -> None:
        _known.reset(self._token)


def also(**ids: str) -> None:
    """The same from now on, until the block around ends."""
    _known.set({**_known.get(), **ids})


def known() -> dict[str, str]:
    return _known.get()
