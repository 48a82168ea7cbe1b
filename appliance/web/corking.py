"""An answer's head goes out with the first of its body, as one packet that wakes its reader once.

Uvicorn writes the head by itself, and uvloop hands every write to the system at once.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Above this a copy costs more than a second write.
MOST = 65_536


class Corked:
    """A connection's transport, which keeps a head back until something follows, at most until the loop goes round."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._head = b""
        self._later = asyncio.get_running_loop().call_soon
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._head:
            if len(data) > MOST:
                self._flush()
            else:
                data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1."):
            self._head = data
            self._later(self._flush)
            return
        self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)


class Protocol(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Corked(transport))  # type: ignore[arg-type]
