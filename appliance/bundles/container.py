"""The file itself: a plain tar in zstd, as `tar --zstd` reads it, written and read from front to end.

A zip would need its index at the end before anything can be read. Of tar only regular files with short names are used,
and a header is taken only when it is, byte for byte, the one that we would have written: no links, no long names, no
sparse files, no extensions to interpret.
"""

import hashlib
import tarfile
from typing import BinaryIO, NamedTuple

import zstandard

from appliance.errors import Problem

# How much of rows or files goes into one member, and what the longest row may add to that.
PART = 1024 * 1024
LINE_MOST = 16 * 1024 * 1024
MEMBER_MOST = PART + LINE_MOST
LEVEL = 3
WINDOW = 8 * 1024 * 1024
BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * BLOCK)


class Limits(NamedTuple):
    """`most` bytes unpacked, and at most `ratio` times the packed bytes (beyond `slack`, since little packs well)."""

    most: int = 64 * 1024**3
    ratio: int = 200
    slack: int = 64 * 1024 * 1024


def refused(why: str) -> Problem:
    return Problem("bad_bundle", f"This bundle is refused: {why}. Nothing was changed.")


class Member(NamedTuple):
    name: str
    content: bytes
    digest: str


class Packer:
    """Writes members one after the other; `members` are their digests so far."""

    def __init__(self, out: BinaryIO) -> None:
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self._stream = compressor.stream_writer(out, closefd=False)
        self.members: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        self.members[name] = hashlib.sha256(content).hexdigest()
        self._stream.write(header(name, len(content)) + content + bytes(-len(content) % BLOCK))

    def close(self) -> None:
        self._stream.write(_END)
        self._stream.close()  # type: ignore[no-untyped-call]


def header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.USTAR_FORMAT)


def parsed(block: bytes) -> tuple[str, int]:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        ours = info.isreg() and header(info.name, info.size) == block
    except (tarfile.HeaderError, UnicodeDecodeError, ValueError) as error:
        raise refused("it is not a tar") from error
    if not info.isreg():
        raise refused(f"{info.name[:80]!r} is not a regular file")
    if not ours:
        raise refused(f"the header of {info.name[:80]!r} is not one that AgentHQ writes")
    return info.name, info.size
