"""Requests of tools outside on their way to an account and back, byte for byte: one HTTP session on the web's loop."""

import time
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any

import aiohttp
import msgspec

from appliance.gateway import failures, relay_addresses, transport
from appliance.gateway.failures import Phase, ProviderFailure
from appliance.gateway.relay_words import Verbatim, Words
from appliance.gateway.relayed import Letter, Sent, Unanswered
from appliance.gateway.surfaces.events import Endless, Splitter
from appliance.gateway.surfaces.surface import Meter
from appliance.gateway.types import Account

CONNECT_S = 15.0
_BROKEN = (aiohttp.ClientError, TimeoutError, OSError, ValueError, Endless)


class Answer:
    """An answer that has begun. `first` is the whole body, or the opening event of a stream.

    `sent.told` is filled while the answer is read, a read at a time: it may know of more than was given out.
    """

    def __init__(self, response: aiohttp.ClientResponse, sent: Sent, meter: Meter, words: Words, began: float) -> None:
        self._response = response
        self._meter = meter
        self._words = words
        self._began = began
        self._splitter = Splitter()
        self.sent = sent
        self.first = b""
        self._rest = b""
        self.lossy = words.lossy
        kind = response.headers.get("content-type", "application/json")
        self.kind = words.kind(kind)
        self.streams = kind.partition(";")[0].strip().lower() == "text/event-stream"

    async def begin(self) -> None:
        """Raises Unanswered while another account could still be asked: before the first byte, and for an answer
        that begins with an error."""
        try:
            self.first = await (self._opening() if self.streams else self._body())
        except ProviderFailure as failure:
            raise self._unanswered(failure) from None
        except _BROKEN as error:
            raise self._unanswered(_failure(error, self.sent.account, "before_first_byte")) from error
        told = self.sent.told
        if told.error is not None and not told.output_bytes:
            raise self._unanswered(failures.from_stream(told.error, secret=self.sent.account.secret))
        if self.streams and not self.first:
            raise self._unanswered(ProviderFailure("provider_error", "The stream ended before its first event."))

    async def pieces(self) -> AsyncIterator[bytes]:
        """What follows on the opening event, as it comes. Raises ProviderFailure for a stream that breaks off."""
        if self._rest:
            yield self._rest
        try:
            while piece := await self._response.content.readany():
                if events := self._kept(piece):
                    yield events
        except _BROKEN as error:
            raise _failure(error, self.sent.account, "mid_stream") from error
        if rest := self._unended():
            yield rest
        self._must_be_whole()
        if last := self._words.end():
            yield last

    def break_off(self, cause: Exception) -> None:
        """Whoever waits for the next piece gets `cause` raised, now."""
        self._response.content.set_exception(cause)

    def close(self) -> None:
        """A connection whose answer was read to its end serves the next call; any other is closed."""
        self.sent.duration_ms = _ms(self._began)
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()

    async def _opening(self) -> bytes:
        """One event, which a reader has to see before anything can be told him; b"" when the stream ends before that.

        What came with it, the whole answer perhaps, waits until somebody has weighed it.
        """
        while piece := await self._response.content.readany():
            if self.sent.first_byte_ms is None:
                self.sent.first_byte_ms = _ms(self._began)
            events = self._metered(piece)
            for number, event in enumerate(events, 1):
                if opening := self._words.feed(event):
                    self._rest = self._words.feed(b"".join(events[number:])) if number < len(events) else b""
                    return opening
        return self._unended()

    async def _body(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while piece := await self._response.content.readany():
            pieces.append(piece)
            size += len(piece)
            if size > transport.BODY_LIMIT:
                raise ValueError(f"The answer is larger than {transport.BODY_LIMIT} bytes.")
        self.sent.first_byte_ms = _ms(self._began)
        whole = b"".join(pieces)
        try:
            self._meter.whole(whole)
        except msgspec.DecodeError as error:
            start = whole[:200].decode("utf-8", "replace").strip()
            raise ValueError(f"{error}; it began with: {start}") from None
        self.sent.told.output_bytes = len(whole)
        return self._words.whole(whole)

    def _kept(self, piece: bytes) -> bytes:
        kept = self._metered(piece)
        return self._words.feed(kept[0] if len(kept) == 1 else b"".join(kept))

    def _metered(self, piece: bytes) -> list[bytes]:
        """The events that end in this piece and are meant for the reader."""
        take = self._meter.take
        return [event for event in self._splitter.feed(piece) if take(event)]

    def _unended(self) -> bytes:
        """What came after the last whole event, when nothing comes any more."""
        rest = self._splitter.end()
        if rest:
            self._meter.take(rest)
        return self._words.feed(rest) if rest else b""

    def _must_be_whole(self) -> None:
        """Raises ProviderFailure for a stream that ended with an error, or before its end."""
        told = self.sent.told
        if told.error is not None:
            raise failures.from_stream(told.error, secret=self.sent.account.secret)
        if not told.finished:
            raise ProviderFailure("stream_cut", "The stream ended without its last event.", phase="mid_stream")

    def _unanswered(self, failure: ProviderFailure) -> Unanswered:
        failure.phase = "before_first_byte"
        return Unanswered(failure)


class Relay:
    """Made on first use, so that a start does not wait for the HTTP library."""

    def __init__(self) -> None:
        self._sessions = transport.Sessions()

    async def ask(self, sent: Sent, letter: Letter, meter: Meter, words: Words) -> Answer:
        """Send once; the answer once its first byte is there. Raises Unanswered. `sent` says how it went either way."""
        began = time.perf_counter()
        try:
            return await self._ask(sent, letter, meter, words, began)
        except Unanswered as refused:
            sent.failure, sent.duration_ms = refused.failure, _ms(began)
            raise

    async def close(self) -> None:
        await self._sessions.close()

    async def _ask(self, sent: Sent, letter: Letter, meter: Meter, words: Words, began: float) -> Answer:
        account = sent.account
        try:
            target = relay_addresses.url(account.kind, account.base_url, account.public_only, letter.path, letter.query)
            response = await self._sessions.of(account).post(
                target,
                data=letter.body,
                headers=relay_addresses.headers(account, letter.headers),
                timeout=_patience(account.silence_s),
                allow_redirects=False,
            )
        except ProviderFailure as failure:
            raise Unanswered(failure) from None
        except _BROKEN as error:
            raise Unanswered(_failure(error, account, "connect")) from error
        told = response.headers
        sent.status, sent.request_id = response.status, told.get("x-request-id") or told.get("request-id") or ""
        answer = Answer(response, sent, meter, words, began)
        try:
            if not 200 <= response.status < 300:
                raise await _refused(response, account, isinstance(words, Verbatim))
            await answer.begin()
        except BaseException:
            answer.close()
            raise
        return answer


@lru_cache(100)
def _patience(silence_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=silence_s)


async def _refused(response: aiohttp.ClientResponse, account: Account, shown: bool) -> Unanswered:
    """With its words where they are `shown`: in the protocol of the tool."""
    try:
        body = await response.content.read(transport.ERROR_BODY_LIMIT)
    except _BROKEN:
        body = b""
    failure = failures.from_response(response.status, response.headers, body, secret=account.secret)
    failure.request_id = response.headers.get("x-request-id") or response.headers.get("request-id") or ""
    if not shown:
        return Unanswered(failure)
    body = body.replace(account.secret.encode(), b"[secret]") if account.secret else body
    return Unanswered(failure, body, response.headers.get("content-type", ""))


def _failure(error: Any, account: Account, phase: Phase) -> ProviderFailure:
    def of(code: str, message: str, at: Phase = phase) -> ProviderFailure:
        return ProviderFailure(code, message, phase=at, secret=account.secret)

    causes = (error, error.__cause__, getattr(error, "os_error", None))
    if refused := next((cause for cause in causes if isinstance(cause, transport.ForbiddenAddress)), None):
        return of("provider_address_refused", str(refused))
    if isinstance(error, TimeoutError):
        return of("provider_timeout", f"Nothing came for {account.silence_s:.0f} s.")
    if phase == "mid_stream":
        return of("stream_cut", str(error) or type(error).__name__)
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        return of("provider_unreachable", str(error) or type(error).__name__)
    if isinstance(error, (aiohttp.ClientResponseError, ValueError, Endless)):
        return of("provider_garbage", str(error) or "It never ends.", "before_first_byte")
    return of("provider_unreachable", str(error) or type(error).__name__)


def _ms(began: float) -> int:
    return int((time.perf_counter() - began) * 1000)
