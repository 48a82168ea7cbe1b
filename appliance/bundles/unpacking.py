"""Reads the file of a bundle from front to end, and keeps the limits before memory is spent."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, cast

import zstandard

from appliance.bundles.container import BLOCK, MEMBER_MOST, PART, WINDOW, Limits, Member, parsed, refused

_READ = 64 * 1024


def members(source: BinaryIO, limits: Limits) -> Iterator[Member]:
    """Each member in turn. Raises Problem(bad_bundle) for anything that we would not have written so."""
    stream = _Unpacked(source, limits)
    while (header := stream.take(BLOCK)) != bytes(BLOCK):
        name, size = parsed(header)
        if size > MEMBER_MOST:
            raise refused(f"{name} is larger than a member may be ({size:,} bytes of at most {MEMBER_MOST:,})")
        content = stream.take(size)
        if stream.take(-size % BLOCK).strip(b"\0"):
            raise refused(f"there is something between {name} and the next member")
        yield Member(name, content, hashlib.sha256(content).hexdigest())
    if stream.take(BLOCK).strip(b"\0") or stream.more():
        raise refused("there is something after its end")


class _Unpacked:
    """The unpacked bytes, with the limits kept before memory is spent."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self._packed = _Counted(source)
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW)
        packed = cast(BinaryIO, self._packed)
        self._stream = decompressor.stream_reader(packed, read_size=_READ, read_across_frames=True)
        self._limits = limits
        self._given = 0

    def take(self, size: int) -> bytes:
        self._given += size
        if self._given > self._limits.most:
            raise refused(f"it unpacks to more than the {self._limits.most:,} bytes allowed")
        if self._given > self._limits.slack + self._limits.ratio * self._packed.count:
            raise refused(f"it unpacks to more than {self._limits.ratio} times its size")
        content = self._read(size)
        if len(content) < size:
            raise refused("it ends too early")
        return content

    def more(self) -> bool:
        return bool(self._read(1))

    def _read(self, size: int) -> bytes:
        parts, missing = list[bytes](), size
        try:
            while missing and (part := self._stream.read(min(missing, PART))):
                parts.append(part)
                missing -= len(part)
        except zstandard.ZstdError as error:
            raise refused(f"it is not sound zstd ({error})") from error
        return b"".join(parts)


class _Counted:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        content = self._source.read(size)
        self.count += len(content)
        return content
