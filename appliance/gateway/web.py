"""Requests for agents, checks and steps: only to hosts on the list, at the very address that was checked after DNS.

Every redirect is judged anew. Nothing is kept between two pages: no cookie, no connection.
"""

import asyncio
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from appliance import __version__, trust
from appliance.gateway.fetching import Fetched, Request, Unfetched, refusal

BODY_LIMIT = 1024 * 1024
REDIRECTS = 5
MOVED = (301, 302, 303, 307, 308)
FOLLOWS = ("GET", "HEAD")
# What belongs to the connection, or to the box.
OURS = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "te", "trailer")
HEADERS = {"User-Agent": f"AgentHQ/{__version__}", "Accept-Encoding": "identity"}


class _Refused(OSError):
    """The name resolved to an address that may not be called."""


class _Resolver(AbstractResolver):
    """DNS for one URL. The connection goes to the addresses that passed here, so no second answer can swap them."""

    def __init__(self, url: URL, allow: tuple[str, ...]) -> None:
        self._url = url
        self._allow = allow
        self._plain = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._plain.resolve(host, port, family)
        for answer in found:
            if fault := refusal(self._allow, host, self._url.port, answer["host"]):
                raise _Refused(fault)
        return found

    async def close(self) -> None:
        await self._plain.close()


async def send(request: Request, allow: tuple[str, ...]) -> Fetched:
    """Raises Unfetched."""
    url = _parsed(request.url)
    if ours := next((name for name in request.headers if name.lower() in OURS), ""):
        raise Unfetched(f"The header {ours} is set by the box.")
    try:
        async with asyncio.timeout(request.timeout_s):
            return await _follow(url, request, allow)
    except TimeoutError:
        raise Unfetched(f"{url} did not answer within {request.timeout_s:.0f} s.", sent=True) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        causes = (error, error.__cause__, getattr(error, "os_error", None))
        refused = next((cause for cause in causes if isinstance(cause, _Refused)), None)
        said = str(refused) if refused else f"{url} can't be read: {error or type(error).__name__}."
        raise Unfetched(said, sent=not isinstance(error, aiohttp.ClientConnectorError | ValueError)) from None


async def _follow(url: URL, request: Request, allow: tuple[str, ...]) -> Fetched:
    headers = request.headers
    for _ in range(REDIRECTS + 1):
        found = await _one(url, request, headers, allow)
        if isinstance(found, Fetched):
            return found
        target = _parsed(str(url.join(found)))
        # What was meant for one host is not told to another.
        headers = headers if target.origin() == url.origin() else {}
        url = target
    raise Unfetched(f"There were more than {REDIRECTS} redirects.")


async def _one(url: URL, request: Request, headers: dict[str, str], allow: tuple[str, ...]) -> Fetched | URL:
    if fault := refusal(allow, url.host or "", url.port, url.host or ""):
        raise Unfetched(fault)
    connector = aiohttp.TCPConnector(
        resolver=_Resolver(url, allow), force_close=True, use_dns_cache=False, ssl=trust.trusted()
    )
    async with (
        aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            auto_decompress=False,
        ) as session,
        session.request(request.method, url, headers=headers, data=request.body, allow_redirects=False) as answer,
    ):
        target = answer.headers.get("Location")
        if answer.status in MOVED and target and request.method in FOLLOWS and request.body is None:
            return URL(target)
        return await _whole(url, answer)


async def _whole(url: URL, answer: aiohttp.ClientResponse) -> Fetched:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Unfetched(f"{url} answered compressed, which was not asked for.")
    body = b""
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > BODY_LIMIT:
            break
    kept, cut = body[:BODY_LIMIT], len(body) > BODY_LIMIT
    return Fetched(str(url), answer.status, answer.content_type, kept, answer.charset or "utf-8", cut)


def _parsed(url: str) -> URL:
    try:
        found = URL(url.strip())
    except ValueError:
        raise Unfetched(f"{url} is not a URL.") from None
    if found.scheme not in ("http", "https") or not found.host:
        raise Unfetched(f"{url} is not an http or https URL.")
    if found.user or found.password:
        raise Unfetched("A URL with a name and a password in it is not read.")
    return found
