"""Reading pages of the web: what comes back, what is refused, and which hosts a list allows.

An entry of a list is a host (`example.com`: ports 80 and 443), a host with a port (`localhost:3000`), or
`*.example.com` for every host below that one. An address that is not public is opened by an entry that begins with
`private `, or that is the address itself or `localhost`: a public name may lead anywhere tomorrow.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from appliance.gateway.addresses import forbidden, private

USUAL_PORTS = (80, 443)
PRIVATE = "private "


class Fetched(Struct, frozen=True):
    """`url` is where the answer came from, after redirects; `cut` when the body was longer than what is here."""

    url: str
    status: int
    content_type: str
    body: bytes
    charset: str = "utf-8"
    cut: bool = False

    @property
    def text(self) -> str:
        try:
            found = self.body.decode(self.charset, "replace")
        except LookupError:
            found = self.body.decode("utf-8", "replace")
        return found.replace("\0", "\ufffd")


class Request(Struct, frozen=True):
    """What to send. A request with a `body`, or of another method than GET and HEAD, follows no redirect."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = {}
    body: bytes | None = None
    timeout_s: float = 10.0


class Unfetched(Exception):
    """No page; the text is a sentence that says why, for the agent and for people.

    `sent` when the other side may have got the request all the same.
    """

    def __init__(self, sentence: str, sent: bool = False) -> None:
        super().__init__(sentence)
        self.sent = sent


def refusal(allow: Iterable[str], host: str, port: int | None, address: str) -> str:
    """Why `host` at `address` (the name itself before it is resolved) may not be read; "" when it may."""
    name = host.lower().rstrip(".")
    found = [one for one in allow if _matches(one, name, port)]
    if forbidden(address):
        return f"{host} is {address}: link-local and metadata addresses are never called."
    if not found:
        shown = (f"[{host}]" if ":" in host else host) + ("" if port in USUAL_PORTS else f":{port}")
        return f"{shown} is not allowed. A person can allow it: agenthq host allow {shown}"
    if private(address) and not any(_opens_private(one) for one in found):
        shown = found[0]
        return f"{host} is {address}, which is not public. A person can allow it: agenthq host allow --private {shown}"
    return ""


def _matches(one: str, host: str, port: int | None) -> bool:
    wanted, wanted_port = _split(one.removeprefix(PRIVATE))
    if port not in (USUAL_PORTS if wanted_port is None else (wanted_port,)):
        return False
    return host.endswith(wanted[1:]) and host != wanted[2:] if wanted.startswith("*.") else host == wanted


def _opens_private(one: str) -> bool:
    host, _ = _split(one)
    return one.startswith(PRIVATE) or host == "localhost" or private(host)


def _split(text: str) -> tuple[str, int | None]:
    """Host and port; an IPv6 address with a port stands in brackets."""
    bracketed = re.fullmatch(r"\[(.+)\](?::(\d+))?", text)
    if bracketed:
        return bracketed[1], int(bracketed[2]) if bracketed[2] else None
    if text.count(":") > 1:
        return text, None
    host, _, port = text.partition(":")
    return host, int(port) if port.isdecimal() else None
