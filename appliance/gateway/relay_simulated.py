"""The simulated provider as an account that tools outside may call: the same shape as an answer from the network."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from appliance.gateway import simulated
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.relay_translated import SSE
from appliance.gateway.relayed import Sent, Unanswered
from appliance.gateway.surfaces import embeddings as lists
from appliance.gateway.surfaces.bodies import Seen
from appliance.gateway.translate import Untranslatable, embeddings
from appliance.gateway.translate import simulated as surfaces
from appliance.gateway.types import ChatRequest, Reply


class Simulated:
    """Pieces come through a queue; an exception in it, or None, ends them."""

    lossy: tuple[str, ...] = ()

    def __init__(self, sent: Sent, stream: bool) -> None:
        self.sent = sent
        self.first = b""
        self.kind = SSE if stream else "application/json"
        self.streams = stream
        self._pieces: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._began = time.perf_counter()

    async def begin(self, surface: Any, body: bytes, seen: Seen) -> None:
        """Raises Unanswered."""
        try:
            if surface == lists.PROTOCOL:
                self._embed(body, seen)
                return
            asked, back = surfaces.request(surface, body, self.sent.model)
        except Untranslatable as fault:
            raise self._unanswered(ProviderFailure("provider_rejected", fault.message, status=400)) from None
        if self.streams:
            told = surfaces.Stream(surface, seen.model, f"sim-{self.sent.started_at}", back)
            self._task = asyncio.create_task(self._stream(asked, told))
            await self._first()
            return
        try:
            reply = await simulated.send(None, self.sent.account, asked, None)
        except ProviderFailure as failure:
            raise self._unanswered(failure) from None
        self.first = surfaces.whole(surface, reply, seen.model, back)
        self._ended(reply)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Raises ProviderFailure, and whatever `break_off` was told."""
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def break_off(self, cause: Exception) -> None:
        if self._task:
            self._task.cancel()
        self._pieces.put_nowait(cause)

    def close(self) -> None:
        self.sent.duration_ms = _ms(self._began)
        if self._task:
            self._task.cancel()

    def _embed(self, body: bytes, seen: Seen) -> None:
        self.first = embeddings.answer(body, seen.model)
        meter = lists.Meter()
        meter.whole(self.first)
        self.sent.told.usage, self.sent.told.finished = meter.told.usage, True
        self._answered()

    async def _first(self) -> None:
        piece = await self._pieces.get()
        if isinstance(piece, ProviderFailure):
            raise self._unanswered(piece)
        assert isinstance(piece, bytes)
        self.first = piece
        self._answered()

    async def _stream(self, asked: ChatRequest, told: surfaces.Stream) -> None:
        def on_text(piece: str) -> None:
            self.sent.told.output_bytes += len(piece)
            self._pieces.put_nowait(told.text(piece))

        try:
            reply = await simulated.send(None, self.sent.account, asked, on_text)
        except ProviderFailure as failure:
            self._pieces.put_nowait(failure)
            return
        self._pieces.put_nowait(told.end(reply))
        self._ended(reply)
        self._pieces.put_nowait(None)

    def _ended(self, reply: Reply) -> None:
        told = self.sent.told
        told.usage, told.model, told.tier, told.finished = reply.usage, reply.model, reply.tier, True
        told.answer_id = reply.request_id
        self._answered()

    def _answered(self) -> None:
        self.sent.status = 200
        if self.sent.first_byte_ms is None:
            self.sent.first_byte_ms = _ms(self._began)

    def _unanswered(self, failure: ProviderFailure) -> Unanswered:
        self.sent.failure, self.sent.duration_ms = failure, _ms(self._began)
        failure.phase = "before_first_byte"
        return Unanswered(failure)


def _ms(began: float) -> int:
    return int((time.perf_counter() - began) * 1000)
