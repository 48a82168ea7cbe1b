"""What an account says in the words of the tool: the same bytes where both speak one protocol. Pure."""

from typing import Protocol


class Words(Protocol):
    """The way back of one answer; `lossy` names what the account could not be asked in its protocol."""

    lossy: tuple[str, ...]

    def kind(self, sent: str) -> str: ...

    def whole(self, body: bytes) -> bytes:
        """Raises ProviderFailure for what is no answer."""

    def feed(self, piece: bytes) -> bytes: ...

    def end(self) -> bytes: ...


class Verbatim:
    """Nothing is changed on the way back."""

    lossy: tuple[str, ...] = ()

    def kind(self, sent: str) -> str:
        return sent

    def whole(self, body: bytes) -> bytes:
        return body

    def feed(self, piece: bytes) -> bytes:
        return piece

    def end(self) -> bytes:
        return b""
