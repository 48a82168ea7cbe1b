"""Who may read the metrics of the whole box: whoever has the token, or, where none is set, this machine."""

import hmac
import ipaddress
from collections.abc import Mapping

FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


def has_token(token: str, authorization: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    return bool(token) and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def is_local(peer: str, headers: Mapping[str, str]) -> bool:
    """A program on this machine that asks directly.

    Behind a proxy everybody would come from here. A browser here may be sent by any page it shows, under any name of
    this machine: it says so itself, or by the name it asks for.
    """
    if any(name in headers for name in (*FORWARDED, "sec-fetch-site", "origin")):
        return False
    return _loopback(peer) and _loopback(_host(headers.get("host", "")))


def _host(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
