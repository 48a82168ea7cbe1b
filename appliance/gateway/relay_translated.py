"""What an account says in another protocol, in the words of the tool. Pure; loaded by the first call that needs it."""

from typing import Any

from appliance.gateway import translate
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.surfaces.bodies import Seen
from appliance.gateway.translate import Stream, Translated, Untranslatable

SSE = "text/event-stream"


class Translation:
    """The way back from `target` to `source`, for one request."""

    def __init__(self, source: Any, target: Any, seen: Seen, made: Translated) -> None:
        self.lossy = made.lossy
        self._told = (source, target, seen.model, made.back)
        self._stream = Stream(source, target, seen.model, made.back) if seen.stream else None

    def kind(self, sent: str) -> str:
        return SSE if self._stream else "application/json"

    def whole(self, body: bytes) -> bytes:
        """Raises ProviderFailure for what is no answer."""
        if self._stream:
            return self._stream.whole(body)
        source, target, model, back = self._told
        try:
            return translate.reply(source, target, body, model, back)
        except Untranslatable as garbage:
            raise ProviderFailure("provider_garbage", garbage.message, phase="before_first_byte") from None

    def feed(self, piece: bytes) -> bytes:
        return self._stream.feed(piece) if self._stream else b""

    def end(self) -> bytes:
        return self._stream.end() if self._stream else b""
