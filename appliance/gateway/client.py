"""The bridge from threads to the providers: one loop in one background thread, one HTTP session."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from appliance.gateway import simulated
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.fetching import Fetched, Request, Unfetched
from appliance.gateway.notify import Posting, Undelivered
from appliance.gateway.types import Account, ChatRequest, Reply
from appliance.gateway.wires import KINDS

if TYPE_CHECKING:
    import aiohttp

    from appliance.gateway.transport import Sessions

T = TypeVar("T")
OnText = Callable[[str], None]

CANCEL_POLL_S = 0.25
LIST_S = 15.0

log = logging.getLogger(__name__)


class TestResult(Struct, frozen=True):
    """`failure` is None when `ok`; `models` are the ids the account may use."""

    __test__ = False

    ok: bool
    latency_ms: float
    models: tuple[str, ...] = ()
    failure: ProviderFailure | None = None


class Gateway:
    """Sends chat requests from any thread. `start` returns at once; HTTP is loaded by the first call that needs it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)
        self._sessions: Sessions | None = None
        self._door = threading.Lock()
        self._closed = False

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop every call under way; each raises `cancelled` in its own thread."""
        with self._door:
            # What comes in after the drain would wait for ever on a loop that has stopped.
            self._closed = True
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._drain(), self._loop).result(timeout=10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=10)
        if not self._loop.is_running():
            self._loop.close()

    def send(
        self,
        account: Account,
        request: ChatRequest,
        on_text: OnText | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Reply:
        """Wait for the whole answer; raises ProviderFailure.

        `on_text` gets each piece of text as it arrives, in the calling thread. `cancelled` is asked every 0.25 s; once
        it says True the request is given up.
        """
        if self.is_instant(account, request):
            return _at_once(simulated.send(None, account, request, on_text))
        pieces: SimpleQueue[str | None] = SimpleQueue()
        sending = self._submit(self._send(account, request, pieces.put if on_text else None))
        sending.add_done_callback(lambda _: pieces.put(None))
        try:
            _relay(pieces, on_text, cancelled)
        finally:
            sending.cancel()
        return _outcome(sending)

    def is_instant(self, account: Account, request: ChatRequest) -> bool:
        """Would `send` answer without waiting for anything?"""
        return account.kind == "simulated" and simulated.is_instant(account, request)

    def is_made_up(self, model: str) -> bool:
        """Is it a name that only the simulated provider knows?"""
        return simulated.knows(model)

    def answers_at_once(self, account: Account, request: ChatRequest) -> bool:
        """Would `send` answer, and not fail, without waiting and without anything happening outside?"""
        return account.kind == "simulated" and simulated.answers_at_once(account, request)

    def models(self, account: Account) -> list[str]:
        """The model ids this account may use, sorted by the provider's rules; raises ProviderFailure."""
        return _outcome(self._submit(self._models(account)))

    def test(self, account: Account) -> TestResult:
        """Ask for the list of models: free at every provider, and it needs a valid key and address."""
        started = time.perf_counter()
        try:
            found = self.models(account)
        except ProviderFailure as failure:
            return TestResult(False, (time.perf_counter() - started) * 1000, failure=failure)
        return TestResult(True, (time.perf_counter() - started) * 1000, tuple(found))

    def fetch(self, url: str, allow: Sequence[str], cancelled: Callable[[], bool] | None = None) -> Fetched:
        """GET a page of the web from a host on the list `allow`; raises Unfetched with a sentence.

        `cancelled` is asked every 0.25 s, as by `send`.
        """
        return self.request(Request(url), allow, cancelled)

    def request(self, request: Request, allow: Sequence[str], cancelled: Callable[[], bool] | None = None) -> Fetched:
        """The same for any request."""
        pieces: SimpleQueue[str | None] = SimpleQueue()
        fetching = self._submit(_sent(request, tuple(allow)))
        fetching.add_done_callback(lambda _: pieces.put(None))
        try:
            _relay(pieces, None, cancelled)
        except ProviderFailure:
            raise Unfetched("Given up on request.", sent=True) from None
        finally:
            fetching.cancel()
        return _outcome(fetching)

    def post(self, posting: Posting) -> str:
        """POST a notice and wait; what was answered, in words. Raises Undelivered."""
        try:
            return _outcome(self._submit(_posted(posting)))
        except ProviderFailure:
            raise Undelivered("The box is stopping.") from None

    def _submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        with self._door:
            if self._thread.is_alive() and not self._closed:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
        work.close()
        raise ProviderFailure("cancelled", "The gateway is not running.")

    async def _send(self, account: Account, request: ChatRequest, on_text: OnText | None) -> Reply:
        try:
            kind = KINDS[account.kind]
            reply: Reply = await kind.wire().send(
                self._http(kind.network, account), _complete(account), request, on_text
            )
            return reply
        except ProviderFailure:
            raise
        except Exception as error:  # the border: a defect of ours must not look like a provider's
            log.exception("gateway: unexpected failure with account %s", account.id)
            raise ProviderFailure(
                "gateway_defect", f"{type(error).__name__}: {error}", secret=account.secret
            ) from error

    async def _models(self, account: Account) -> list[str]:
        kind = KINDS[account.kind]
        account = msgspec.structs.replace(account, timeout_s=min(account.timeout_s, LIST_S))
        found: list[str] = await kind.wire().models(self._http(kind.network, account), _complete(account))
        return found

    def _http(self, needed: bool, account: Account) -> "aiohttp.ClientSession | None":
        if not needed:
            return None
        if self._sessions is None:
            from appliance.gateway import transport  # noqa: PLC0415  aiohttp takes 0.3 s to import

            self._sessions = transport.Sessions()
        return self._sessions.of(account)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _drain(self) -> None:
        calls = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        if self._sessions:
            await self._sessions.close()


async def _sent(request: Request, allow: tuple[str, ...]) -> Fetched:
    from appliance.gateway import web  # noqa: PLC0415  aiohttp takes 0.3 s to import

    return await web.send(request, allow)


async def _posted(posting: Posting) -> str:
    from appliance.gateway import posting as wire  # noqa: PLC0415  the same

    return await wire.post(posting)


def _complete(account: Account) -> Account:
    return account if account.base_url else msgspec.structs.replace(account, base_url=KINDS[account.kind].base_url)


def _relay(pieces: "SimpleQueue[str | None]", on_text: OnText | None, cancelled: Callable[[], bool] | None) -> None:
    """Hand pieces to the caller until the call is over."""
    asked = time.monotonic()
    while True:
        try:
            piece = pieces.get(timeout=CANCEL_POLL_S)
        except Empty:
            piece = ""
        if piece is None:
            return
        if piece and on_text:
            on_text(piece)
        if cancelled and time.monotonic() - asked >= CANCEL_POLL_S:
            asked = time.monotonic()
            if cancelled():
                raise ProviderFailure("cancelled", "Given up on request.")


def _outcome(work: "Future[T]") -> T:
    try:
        return work.result()
    except CancelledError:
        raise ProviderFailure("cancelled", "The gateway was closed.") from None


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits; the loop would cost more than the work."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("this coroutine waits")
