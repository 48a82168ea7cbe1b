"""A request of a tool as it came."""

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, NamedTuple

from appliance.calls.asked import Asked, Holder
from appliance.gateway.surfaces.bodies import Seen

Receive = Callable[[], Awaitable[Any]]
_SESSIONS = (b"x-claude-code-session-id", b"session-id", b"session_id")
_CLAIMS = (b"x-agenthq-agent", b"x-agenthq-task", b"x-agenthq-run")
_READ = frozenset((*_SESSIONS, *_CLAIMS))


class Request(NamedTuple):
    surface: ModuleType
    holder: Holder
    headers: list[tuple[bytes, bytes]]
    query: str
    body: bytes
    receive: Receive

    def asked(self, seen: Seen) -> Asked:
        """A session of the tool's own headers before one in the body."""
        given = {name: value.decode("latin-1")[:200] for name, value in self.headers if name in _READ}
        about = (seen.model, len(self.body), seen.stream, seen.output_cap, seen.needs)
        if not given:
            return Asked(self.surface.PROTOCOL, *about, seen.session_id)
        session = next((given[name] for name in _SESSIONS if given.get(name)), seen.session_id)
        return Asked(self.surface.PROTOCOL, *about, session, *[given.get(name, "") for name in _CLAIMS])
