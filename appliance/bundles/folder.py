"""The files of a tenant in a bundle: kept values and the workspaces of tasks, in pieces of bounded size."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from appliance import redaction
from appliance.bundles.container import PART
from appliance.bundles.manifest import Piece
from appliance.domain.workspace import FILE_LIMIT

MOST_PIECES = 1000
# A kept value is a file named after its digest; a workspace is a folder named after its task.
_BLOB = re.compile(r"blobs/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_WORK = re.compile(r"workspaces/[0-9a-f-]{36}/.+", re.DOTALL)


class Segment(NamedTuple):
    """Pieces of one file or of several, and their bytes one after the other."""

    pieces: list[Piece]
    content: bytes


def sound(path: str) -> bool:
    """Whether this is the path of a file that a tenant may have: it can't name anything outside the folder."""
    parts = path.split("/")
    if any(not part or part in (".", "..") or len(part.encode()) > 255 for part in parts) or len(path) > 4000:
        return False
    if "\0" in path or "\\" in path or len(parts) > 40:
        return False
    return bool(_BLOB.fullmatch(path) or _WORK.fullmatch(path))


def blob(path: str) -> str:
    """The digest that the content of a kept value must have; "" for another file."""
    found = _BLOB.fullmatch(path)
    return found[2] if found else ""


def place(path: str) -> list[tuple[int, str]]:
    """Sorts as files come: those of a folder before the folders in it."""
    *above, name = path.split("/")
    return [*((1, part) for part in above), (0, name)]


def segments(files: Path, tenant_id: str, clean: bool) -> Iterator[Segment]:
    """Everything in order of the paths; links are left out, and what goes away meanwhile is not there."""
    pieces, parts, size = list[Piece](), list[bytes](), 0
    for piece, content in _pieces(files, tenant_id, clean):
        pieces.append(piece)
        parts.append(content)
        size += len(content)
        if size >= PART or len(pieces) >= MOST_PIECES:
            yield Segment(pieces, b"".join(parts))
            pieces, parts, size = [], [], 0
    if pieces:
        yield Segment(pieces, b"".join(parts))


def _pieces(files: Path, tenant_id: str, clean: bool) -> Iterator[tuple[Piece, bytes]]:
    for path in (*_regular(files / "blobs"), *_regular(files / "workspaces")):
        name = path.relative_to(files).as_posix()
        if not sound(name):
            continue
        try:
            # A file that is replaced meanwhile stays what it was for this handle.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        with open(handle, "rb") as file:
            at, before = 0, b""
            for n, content in enumerate(_slices(file, tenant_id, clean and not blob(name))):
                if n:
                    yield Piece(name, at, len(before), False), before
                    at += len(before)
                before = content
            yield Piece(name, at, len(before), True), before


def _slices(file: BinaryIO, tenant_id: str, clean: bool) -> Iterator[bytes]:
    """The content in parts; secrets are found wherever they are in the 16 MiB that a task's file may have."""
    while content := file.read(FILE_LIMIT):
        if clean:
            text = content.decode("utf-8", "surrogateescape")
            content = redaction.clean(text, tenant_id).encode("utf-8", "surrogateescape")
        for start in range(0, len(content), PART):
            yield content[start : start + PART]


def _regular(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if stat.S_ISREG(path.lstat().st_mode) and not name.endswith(".partial") and _utf8(name):
                yield path


def _utf8(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)
