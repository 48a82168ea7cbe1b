"""Every request has an id: in its answer, in the log lines about it, and in the sentence about a defect of ours.

One that a proxy in front has given is kept, so that its log and ours tell of the same request.
"""

import re
from typing import Any

from litestar.types import Message, Receive, Scope, Send

from appliance import ids, tracing

HEADER = b"x-request-id"
KEY = "agenthq.request"
# What can be in a log line and in a header without being anything else.
USABLE = re.compile(rb"[A-Za-z0-9._:-]{8,100}")


async def answered(scope: Scope, receive: Receive, send: Send, serve: Any) -> None:
    """Serve the request, and give its answer the id."""
    number = _given(scope) or ids.new()
    scope[KEY] = number  # type: ignore[literal-required]

    async def numbered(message: Message) -> None:
        # A call of a tool is known by the id of the call.
        if message["type"] == "http.response.start" and not _has_one(message["headers"]):
            message["headers"] = [*message["headers"], (HEADER, number.encode())]
        await send(message)

    with tracing.about(request=number):
        await serve(scope, receive, numbered)


def of(scope: Any) -> str:
    return str(scope.get(KEY) or ids.new())


def _has_one(headers: Any) -> bool:
    return HEADER in dict(headers) or any(name.lower() == HEADER for name, _ in headers)


def _given(scope: Any) -> str:
    for name, value in scope.get("headers", ()):
        if name == HEADER:
            return value.decode() if USABLE.fullmatch(value) else ""
    return ""
