"""Which surface an address below /gw means, however a client builds it from the base address it was given."""

from typing import Any, Literal, NamedTuple

from appliance.gateway.surfaces.surface import SURFACES

ROOT = "/gw"
Action = Literal["hello", "models", "call", "count", "nothing"]
_CALLS = {module.PATH: name for name, module in SURFACES.items()}
_COUNT = "/messages/count_tokens"


class Place(NamedTuple):
    """`surface` is the one whose shape an error takes; `rest` is a model's name or "". `methods` are the right ones."""

    action: Action
    surface: str
    methods: tuple[str, ...]
    rest: str = ""


def covers(path: str) -> bool:
    return path == ROOT or path.startswith(ROOT + "/")


def of(scope: Any) -> Place:
    """Where a request goes, by its address and headers."""
    for name, _ in scope["headers"]:
        if name == b"anthropic-version":
            return find(scope["path"], True)
    return find(scope["path"], False)


def find(path: str, speaks_messages: bool) -> Place:
    """`speaks_messages` decides where the address alone does not tell whose client asks."""
    rest = path.removeprefix(ROOT).rstrip("/")
    while rest.startswith("/v1/") or rest == "/v1":
        rest = rest[3:]
    asker = "messages" if speaks_messages else "chat"
    if not rest:
        return Place("hello", asker, ("GET", "HEAD"))
    if rest in _CALLS:
        return Place("call", _CALLS[rest], ("POST",))
    if rest == _COUNT:
        return Place("count", "messages", ("POST",))
    if rest == "/models" or rest.startswith("/models/"):
        return Place("models", asker, ("GET", "HEAD"), rest.removeprefix("/models").removeprefix("/"))
    return Place("nothing", asker, ())
