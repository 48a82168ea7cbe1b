"""The embeddings surface. Source: the Embeddings API reference. Nothing in it streams and there is no output to pay."""

import msgspec
from msgspec import Struct

from appliance.gateway.surfaces import bodies, openai_errors
from appliance.gateway.surfaces.bodies import Seen
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.openai_errors import error as error
from appliance.gateway.surfaces.openai_errors import status as status
from appliance.gateway.surfaces.told import Told
from appliance.gateway.types import Usage

PROTOCOL = "embeddings"
PATH = "/embeddings"
PING = b""


class _Usage(Struct):
    prompt_tokens: int | None = None
    total_tokens: int | None = None


class _Whole(Struct):
    model: str | None = None
    usage: _Usage | None = None


_whole = msgspec.json.Decoder(_Whole)


def read(body: bytes) -> Seen:
    """Raises Unreadable."""
    found = bodies.fields(body)
    return Seen(bodies.model(found), False, found)


def fitted(body: bytes, seen: Seen, model: str, usage: bool = True) -> bytes:
    """The body as the account shall get it."""
    return bodies.applied(body, bodies.renamed(body, seen, model))


class Meter:
    """Takes what an answer tells."""

    def __init__(self, drop_usage: bool = False) -> None:
        self.told = Told()

    def whole(self, body: bytes) -> None:
        """Raises msgspec.DecodeError for what is no list of embeddings."""
        found = _whole.decode(body)
        self.told.model = found.model or ""
        if found.usage and (tokens := found.usage.prompt_tokens or found.usage.total_tokens) is not None:
            self.told.usage = Usage(input_total=tokens)
        self.told.finished = True

    def take(self, event: bytes) -> bool:
        return True


def stream_error(fault: Fault, told: Told) -> bytes:
    return b"data: " + msgspec.json.encode(openai_errors.said(fault)) + b"\n\n"
