"""Which calls are counted, out of an address: `?model=…&agent=…`."""

from typing import Annotated, Any
from urllib.parse import urlencode

from litestar.di import Provide
from litestar.params import QueryParameter

State = Annotated[str, QueryParameter(name="state")]


def only(
    provider: str = "",
    model: str = "",
    agent: str = "",
    key: str = "",
    project: str = "",
    kind: str = "",
    surface: str = "",
    state_is: State = "",
) -> dict[str, str]:
    """The filters that have a value, by the names of `analytics.source.FILTERS`."""
    given = {"provider": provider, "model": model, "agent": agent, "key": key, "project": project}
    given |= {"kind": kind, "surface": surface, "state": state_is}
    return {name: value for name, value in given.items() if value}


NARROWED = {"only": Provide(only, sync_to_thread=False)}


def query(**given: Any) -> str:
    """The part of an address behind `?`, without what is empty."""
    return urlencode({name: value for name, value in given.items() if value})
