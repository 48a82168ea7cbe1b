"""A file encrypted as it is written and checked as it is read, in constant memory.

`AHQB1`, the length of a header, the header in the clear (JSON), then frames: a length and that many bytes of
AES-256-GCM. Each frame is bound to the header, to its position and to whether it is the last, so that a changed byte,
a cut, a frame moved and a frame of another file are all found. Nothing may follow the last frame.
"""

import hashlib
import struct
from collections.abc import Iterator
from typing import IO, Any

import msgspec

from appliance.crypto import FrameCipher
from appliance.errors import Problem

MAGIC = b"AHQB1\n"
SIZE = 256 * 1024
_TAG = 16
_LENGTH = struct.Struct(">I")
_PLACE = struct.Struct(">Q?")
_HEADER_MOST = 64 * 1024


def damaged(what: str) -> Problem:
    return Problem("unavailable", f"The backup is damaged: {what}. Use another one.")


class FrameWriter:
    """Collects bytes into frames; `close` writes the last one, without which the file is refused."""

    def __init__(self, out: IO[bytes], key: bytes, header: bytes) -> None:
        self._out = out
        self._cipher = FrameCipher(key)
        self._bound = hashlib.sha256(MAGIC + header).digest()
        self._held = bytearray()
        self._position = 0
        out.write(MAGIC + _LENGTH.pack(len(header)) + header)

    def write(self, content: bytes) -> int:
        self._held += content
        while len(self._held) > SIZE:
            self._frame(bytes(self._held[:SIZE]), last=False)
            del self._held[:SIZE]
        return len(content)

    def flush(self) -> None:
        """For those who wrap this as a file: a frame is written when it is full."""

    def close(self) -> None:
        self._frame(bytes(self._held), last=True)
        self._held.clear()

    def _frame(self, plain: bytes, last: bool) -> None:
        bound = self._bound + _PLACE.pack(self._position, last)
        frame = self._cipher.encrypt(self._position, plain, bound)
        self._out.write(_LENGTH.pack(len(frame)) + frame)
        self._position += 1


def read_header(file: IO[bytes]) -> bytes:
    """Raises Problem(unavailable) when this is no backup. What the header says is proved by the first frame."""
    if file.read(len(MAGIC)) != MAGIC:
        raise damaged("it does not start as a backup does")
    size = _length(file)
    if size > _HEADER_MOST:
        raise damaged("its header is too long")
    return _exactly(file, size)


def read_frames(file: IO[bytes], key: bytes, header: bytes) -> Iterator[bytes]:
    """The content, piece by piece, from a file whose header was read. Raises Problem(unavailable) at the first fault.

    Only an iteration that came to its end has proved the whole.
    """
    cipher, bound = FrameCipher(key), hashlib.sha256(MAGIC + header).digest()
    position, last = 0, False
    while not last:
        size = _length(file)
        if not _TAG <= size <= SIZE + _TAG:
            raise damaged(f"frame {position} has no possible length")
        frame = _exactly(file, size)
        found = cipher.decrypt(position, frame, bound + _PLACE.pack(position, False))
        if found is None:
            found, last = cipher.decrypt(position, frame, bound + _PLACE.pack(position, True)), True
        if found is None:
            raise damaged(f"frame {position} is not the one that was written")
        yield found
        position += 1
    if file.read(1):
        raise damaged("something follows its end")


class FrameReader:
    """`read_frames` as a file that can be read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        while not self._held or size < 0:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held += piece
        if size < 0:
            size = len(self._held)
        found, self._held = self._held[:size], self._held[size:]
        return found


def parsed(header: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(header, type=kind)
    except msgspec.MsgspecError as error:
        raise damaged("its header can't be read") from error


def _length(file: IO[bytes]) -> int:
    return int(_LENGTH.unpack(_exactly(file, _LENGTH.size))[0])


def _exactly(file: IO[bytes], size: int) -> bytes:
    found = file.read(size)
    if len(found) != size:
        raise damaged("it ends too early")
    return found
