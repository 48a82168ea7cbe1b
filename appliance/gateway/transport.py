"""HTTP to providers: one session, guarded addresses, server-sent events, and every way a connection can die."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple, TypeVar

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from appliance import __version__, trust
from appliance.gateway import failures
from appliance.gateway.addresses import refusal
from appliance.gateway.failures import Phase, ProviderFailure
from appliance.gateway.types import Account, Usage

CONNECT_S = 15.0
LINGER_S = 0.2
# Below the 5 s after which common model servers drop an idle connection, perhaps just as it is used again.
KEEP_ALIVE_S = 4.0
BODY_LIMIT = 32 * 1024 * 1024
ERROR_BODY_LIMIT = 64 * 1024

T = TypeVar("T")


class ForbiddenAddress(OSError):
    """Not a network fault: the name resolved to an address on the list."""


class GuardedResolver(AbstractResolver):
    """Ordinary DNS, minus the answers that may not be called.

    The connection goes to the very addresses that passed here, so no second answer can swap them.
    """

    def __init__(self, public_only: bool = False) -> None:
        self._public_only = public_only
        self._plain = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._plain.resolve(host, port, family)
        faults = {answer["host"]: refusal(host, answer["host"], self._public_only) for answer in found}
        allowed = [answer for answer in found if not faults[answer["host"]]]
        if found and not allowed:
            raise ForbiddenAddress(faults[found[0]["host"]])
        return allowed

    async def close(self) -> None:
        await self._plain.close()


def open_session(public_only: bool = False) -> aiohttp.ClientSession:
    """Must be called on the loop that will use it. Accounts that differ in `public_only` share no session."""
    connector = aiohttp.TCPConnector(
        limit=0, keepalive_timeout=KEEP_ALIVE_S, resolver=GuardedResolver(public_only), ssl=trust.trusted()
    )
    return aiohttp.ClientSession(
        connector=connector,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"AgentHQ/{__version__}", "Accept-Encoding": "identity"},
    )


class Sessions:
    """A session for accounts that stay on the public internet and one for those that need not, opened when used."""

    def __init__(self) -> None:
        self._open: dict[bool, aiohttp.ClientSession] = {}

    def of(self, account: Account) -> aiohttp.ClientSession:
        found = self._open.get(account.public_only)
        if found is None:
            found = self._open[account.public_only] = open_session(account.public_only)
        return found

    async def close(self) -> None:
        for session in self._open.values():
            await session.close()


class Event(NamedTuple):
    name: str
    data: bytes


class Exchange:
    """One request on the wire: how far it came, and what was learnt before it broke."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.started = time.perf_counter()
        self.first_byte_ms = 0.0
        self.phase: Phase = "connect"
        self.usage: Usage | None = None
        self.output_bytes = 0
        self.request_id = ""
        self.response: aiohttp.ClientResponse | None = None

    @property
    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000

    @property
    def streams(self) -> bool:
        return self.response is not None and self.response.content_type == "text/event-stream"

    def failure(self, code: str, message: str) -> ProviderFailure:
        return ProviderFailure(code, message, phase=self.phase, secret=self.account.secret)

    def explain(self, failure: ProviderFailure) -> ProviderFailure:
        failure.usage = failure.usage or self.usage
        failure.output_bytes = self.output_bytes
        failure.request_id = self.request_id
        return failure

    async def body(self) -> bytes:
        return b"".join([piece async for piece in self.pieces()])

    async def pieces(self) -> AsyncIterator[bytes]:
        assert self.response is not None
        size = 0
        async for piece in self.response.content.iter_any():
            if not size:
                self.first_byte_ms = self.elapsed_ms
                self.phase = "mid_stream"
            size += len(piece)
            if size > BODY_LIMIT:
                raise self.failure("provider_garbage", f"The answer is larger than {BODY_LIMIT >> 20} MiB.")
            yield piece

    async def events(self) -> AsyncIterator[Event]:
        """Server-sent events; comments and empty events are dropped, as the HTML standard says."""
        buffer, name = b"", ""
        data: list[bytes] = []
        async for piece in self.pieces():
            *lines, buffer = (buffer + piece).split(b"\n")
            for ended in lines:
                line = ended.rstrip(b"\r")
                field, _, value = line.partition(b":")
                if field == b"data":
                    data.append(value.removeprefix(b" "))
                elif field == b"event":
                    name = value.decode("utf-8", "replace").strip()
                elif not line:
                    if data:
                        yield Event(name, b"\n".join(data))
                    name = ""
                    data = []

    async def linger(self) -> None:
        """Read the end of a stream whose last event has come: only then can its connection serve another call."""
        assert self.response is not None
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(LINGER_S):
                await self.response.content.read()

    def decode(self, raw: bytes, shape: type[T]) -> T:
        try:
            return msgspec.json.decode(raw, type=shape)
        except msgspec.DecodeError as error:
            start = raw[:200].decode("utf-8", "replace").strip()
            raise self.failure("provider_garbage", f"{error}; it began with: {start}") from None


@asynccontextmanager
async def exchange(
    session: aiohttp.ClientSession, account: Account, url: str, headers: Mapping[str, str], body: bytes | None
) -> AsyncIterator[Exchange]:
    """POST `body` (GET without one) and hand over an answer with status 2xx; anything else raises ProviderFailure."""
    call = Exchange(account)
    try:
        async with _request(session, account, url, headers, body) as response:
            call.response = response
            call.phase = "before_first_byte"
            call.request_id = response.headers.get("x-request-id") or response.headers.get("request-id") or ""
            if not 200 <= response.status < 300:
                refusal = await response.content.read(ERROR_BODY_LIMIT)
                raise failures.from_response(response.status, response.headers, refusal, secret=account.secret)
            yield call
    except ProviderFailure as failure:
        call.explain(failure)
        raise
    except TimeoutError:
        raise call.explain(call.failure("provider_timeout", _silence(call, account))) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise call.explain(_broken(call, error)) from error


def _request(
    session: aiohttp.ClientSession, account: Account, url: str, headers: Mapping[str, str], body: bytes | None
) -> "aiohttp.client._RequestContextManager":
    try:
        target = URL(url)
    except ValueError:
        raise ProviderFailure("provider_not_found", f"{url} is not a URL.", phase="connect") from None
    if target.scheme not in ("http", "https") or not target.host:
        raise ProviderFailure("provider_not_found", f"{url} is not an http or https URL.", phase="connect")
    if fault := refusal(target.host, target.host, account.public_only):
        raise ProviderFailure("provider_address_refused", fault, phase="connect")
    timeout = aiohttp.ClientTimeout(
        total=account.timeout_s, sock_connect=min(CONNECT_S, account.timeout_s), sock_read=account.silence_s
    )
    method = "GET" if body is None else "POST"
    return session.request(method, target, data=body, headers=headers, timeout=timeout, allow_redirects=False)


def _silence(call: Exchange, account: Account) -> str:
    waited = call.elapsed_ms / 1000
    if call.phase == "mid_stream" and waited < account.timeout_s:
        return f"The stream went silent; given up after {waited:.1f} s."
    return f"No whole answer within {waited:.1f} s."


def _broken(call: Exchange, error: Exception) -> ProviderFailure:
    causes = (error, error.__cause__, getattr(error, "os_error", None))
    if forbidden_address := next((cause for cause in causes if isinstance(cause, ForbiddenAddress)), None):
        return call.failure("provider_address_refused", str(forbidden_address))
    if isinstance(error, aiohttp.InvalidURL):
        return call.failure("provider_not_found", f"{error} is not a URL.")
    if call.phase == "mid_stream":
        return call.failure("stream_cut", str(error) or type(error).__name__)
    if isinstance(error, (aiohttp.ClientResponseError, ValueError)):
        return call.failure("provider_garbage", str(error))
    return call.failure("provider_unreachable", str(error) or type(error).__name__)
