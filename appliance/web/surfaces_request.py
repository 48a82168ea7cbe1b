"""A request of a tool as it came."""

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, NamedTuple

from appliance.calls.asked import Asked, Holder
from appliance.gateway.surfaces.bodies import Seen

Receive = Callable[[], Awaitable[Any]]
_SESSIONS = (b"x-claude-code-session-id", b"session-id", b"session_id")
_CLAIMS = (b"agent", b"task", b"run")


class Request(NamedTuple):
    surface: ModuleType
    holder: Holder
    headers: list[tuple[bytes, bytes]]
    query: str
    body: bytes
    receive: Receive

    def asked(self, seen: Seen) -> Asked:
        """A session of the tool's own headers before one in the body."""
        given = {name: value.decode("latin-1")[:200] for name, value in self.headers}
        agent, task, run = (given.get(b"x-agenthq-" + name, "") for name in _CLAIMS)
        session = next((given[name] for name in _SESSIONS if given.get(name)), seen.session_id)
        about = (seen.model, len(self.body), seen.stream, seen.output_cap, seen.needs)
        return Asked(self.surface.PROTOCOL, *about, session, agent, task, run)
