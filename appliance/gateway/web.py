"""GET for agents and checks: only hosts on the list, the address checked after DNS and then the one that is called.

Every redirect is judged anew. Nothing is kept between two pages: no cookie, no connection.
"""

import asyncio
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from appliance import __version__
from appliance.gateway.fetching import Fetched, Unfetched, refusal

TOTAL_S = 10.0
BODY_LIMIT = 1024 * 1024
REDIRECTS = 5
MOVED = (301, 302, 303, 307, 308)
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


async def fetch(url: str, allow: tuple[str, ...]) -> Fetched:
    """Raises Unfetched."""
    try:
        async with asyncio.timeout(TOTAL_S):
            return await _follow(_parsed(url), allow)
    except TimeoutError:
        raise Unfetched(f"{url} did not answer within {TOTAL_S:.0f} s.") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        causes = (error, error.__cause__, getattr(error, "os_error", None))
        refused = next((cause for cause in causes if isinstance(cause, _Refused)), None)
        raise Unfetched(str(refused) if refused else f"{url} can't be read: {error or type(error).__name__}.") from None


async def _follow(url: URL, allow: tuple[str, ...]) -> Fetched:
    for _ in range(REDIRECTS + 1):
        found = await _one(url, allow)
        if isinstance(found, Fetched):
            return found
        url = _parsed(str(url.join(found)))
    raise Unfetched(f"There were more than {REDIRECTS} redirects.")


async def _one(url: URL, allow: tuple[str, ...]) -> Fetched | URL:
    if fault := refusal(allow, url.host or "", url.port, url.host or ""):
        raise Unfetched(fault)
    connector = aiohttp.TCPConnector(resolver=_Resolver(url, allow), force_close=True, use_dns_cache=False)
    async with (
        aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            auto_decompress=False,
        ) as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        if answer.status in MOVED and (target := answer.headers.get("Location")):
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
