"""The POST itself: no redirect is followed, no cookie and no connection is kept."""

import asyncio
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from appliance import __version__, trust
from appliance.gateway.notify import ANSWER_LIMIT, TOTAL_S, Posting, Undelivered, judged, refusal

HEADERS = {"User-Agent": f"AgentHQ/{__version__}", "Accept-Encoding": "identity"}


class _Refused(OSError):
    """The name resolved to an address that may not be called."""


class _Resolver(AbstractResolver):
    """The connection goes to the addresses that passed here, so no second answer can swap them."""

    def __init__(self, allow_private: bool) -> None:
        self._private = allow_private
        self._plain = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._plain.resolve(host, port, family)
        for answer in found:
            if fault := refusal(host, answer["host"], self._private):
                raise _Refused(fault)
        return found

    async def close(self) -> None:
        await self._plain.close()


async def post(posting: Posting) -> str:
    """What was answered. Raises Undelivered."""
    url = URL(posting.url)
    if fault := refusal(url.host or "", url.host or "", posting.private):
        raise Undelivered(fault, again=False)
    try:
        async with asyncio.timeout(TOTAL_S):
            status, answer = await _post(url, posting)
    except TimeoutError:
        raise Undelivered(f"{url.host} did not answer within {TOTAL_S:.0f} s.", closed=True) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        causes = (error, error.__cause__, getattr(error, "os_error", None))
        refused = next((cause for cause in causes if isinstance(cause, _Refused)), None)
        raise Undelivered(str(refused or f"{url.host} could not be reached: {error}"), closed=True) from None
    return judged(status, answer)


async def _post(url: URL, posting: Posting) -> tuple[int, str]:
    connector = aiohttp.TCPConnector(
        resolver=_Resolver(posting.private), force_close=True, use_dns_cache=False, ssl=trust.trusted()
    )
    async with (
        aiohttp.ClientSession(
            connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), headers=HEADERS
        ) as session,
        session.post(url, data=posting.body, headers=dict(posting.headers), allow_redirects=False) as answer,
    ):
        body = await answer.content.read(ANSWER_LIMIT)
        return answer.status, body.decode("utf-8", "replace")
