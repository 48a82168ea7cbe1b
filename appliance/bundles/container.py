"""The file itself: a plain tar in zstd, as `tar --zstd` reads it, written and read from front to end.

A zip would need its index at the end before anything can be read. Of tar only regular files with short names are used,
and a header is taken only when it is, byte for byte, the one that we would have written: no links, no long names, no
sparse files, no extensions to interpret.
"""

import hashlib
import tarfile
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, cast

import zstandard

from appliance.errors import Problem

# How much of rows or files goes into one member, and what the longest row may add to that.
PART = 1024 * 1024
LINE_MOST = 16 * 1024 * 1024
MEMBER_MOST = PART + LINE_MOST
LEVEL = 3
WINDOW = 8 * 1024 * 1024
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_READ = 64 * 1024


class Limits(NamedTuple):
    """`most` bytes unpacked, and at most `ratio` times the packed bytes (beyond `slack`, since little packs well)."""

    most: int = 64 * 1024**3
    ratio: int = 200
    slack: int = 64 * 1024 * 1024


def refused(why: str) -> Problem:
    return Problem("bad_bundle", f"This bundle is refused: {why}. Nothing was changed.")


class Packer:
    """Writes members one after the other; `members` are their digests so far."""

    def __init__(self, out: BinaryIO) -> None:
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self._stream = compressor.stream_writer(out, closefd=False)
        self.members: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        self.members[name] = hashlib.sha256(content).hexdigest()
        self._stream.write(_header(name, len(content)) + content + bytes(-len(content) % _BLOCK))

    def close(self) -> None:
        self._stream.write(_END)
        self._stream.close()  # type: ignore[no-untyped-call]


class Member(NamedTuple):
    name: str
    content: bytes
    digest: str


def members(source: BinaryIO, limits: Limits) -> Iterator[Member]:
    """Each member in turn. Raises Problem(bad_bundle) for anything that we would not have written so."""
    stream = _Unpacked(source, limits)
    while (header := stream.take(_BLOCK)) != bytes(_BLOCK):
        name, size = _parsed(header)
        if size > MEMBER_MOST:
            raise refused(f"{name} is larger than a member may be ({size:,} bytes of at most {MEMBER_MOST:,})")
        content = stream.take(size)
        if stream.take(-size % _BLOCK).strip(b"\0"):
            raise refused(f"there is something between {name} and the next member")
        yield Member(name, content, hashlib.sha256(content).hexdigest())
    if stream.take(_BLOCK).strip(b"\0") or stream.more():
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


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.USTAR_FORMAT)


def _parsed(header: bytes) -> tuple[str, int]:
    try:
        info = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
        ours = info.isreg() and _header(info.name, info.size) == header
    except (tarfile.HeaderError, UnicodeDecodeError, ValueError) as error:
        raise refused("it is not a tar") from error
    if not info.isreg():
        raise refused(f"{info.name[:80]!r} is not a regular file")
    if not ours:
        raise refused(f"the header of {info.name[:80]!r} is not one that AgentHQ writes")
    return info.name, info.size
