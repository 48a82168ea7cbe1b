"""A bundle as somebody hands it to us: every byte of it is looked at before anything is believed.

Both passes of an import read it with this: the first only looks, the second stores what passes once more.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, TypeVar

import msgspec

from appliance.bundles import folder, secrets, shapes
from appliance.bundles.container import Limits, Member, refused
from appliance.bundles.folder import Segment
from appliance.bundles.manifest import END, FORMAT, MANIFEST, VERSION, End, Head, Manifest, Piece
from appliance.bundles.secrets import Wrapping
from appliance.bundles.shapes import Shape
from appliance.bundles.unpacking import members
from appliance.db.database import Row
from appliance.errors import invalid

T = TypeVar("T")
MANIFEST_MOST = 8 * 1024 * 1024


class Rows(NamedTuple):
    """Some rows of a table, in the order of their key."""

    shape: Shape
    rows: list[Row]


class Reader:
    """One pass over a bundle; `manifest` is there once the first item was asked for, `end` after the last."""

    manifest: Manifest
    wrapping: Wrapping
    end: End

    def __init__(self, source: BinaryIO, passphrase: str, backup: bool, limits: Limits) -> None:
        self._members = members(source, limits)
        self._passphrase = passphrase
        self._backup = backup
        self._tables = _Tables()
        self._files = _Files()
        self._digests: dict[str, str] = {}
        # What the one who stores has put off: table, key column, key, column and its value.
        self.later: list[tuple[str, str, str, str, str]] = []

    def items(self) -> Iterator[Rows | Segment]:
        """Everything that is to be stored. Raises Problem(bad_bundle) at the first thing that is not right."""
        self.manifest = self._manifest(self._next(MANIFEST))
        self.wrapping = self._wrapping()
        found = shapes.of(self.manifest, self._backup)
        self._tables.expect(found)
        while (member := self._next()).name != END:
            kind, _, rest = member.name.partition("/")
            if kind == "rows":
                yield self._rows(member, rest)
            elif kind == "files" and rest.endswith(".json"):
                yield self._segment(member)
            else:
                raise refused(f"{member.name[:80]!r} is not a part of a bundle")
        self._tables.finish()
        self._files.finish()
        del self._digests[END]
        self._end(member)
        if next(self._members, None) is not None:
            raise refused("there is something after its end")

    def _next(self, name: str = "") -> Member:
        member = next(self._members, None)
        if member is None:
            raise refused(f"{name or END} is missing")
        if name and member.name != name:
            raise refused(f"{name} is missing: {member.name[:80]!r} is in its place")
        self._digests[member.name] = member.digest
        return member

    def _manifest(self, member: Member) -> Manifest:
        if len(member.content) > MANIFEST_MOST:
            raise refused(f"its manifest has {len(member.content):,} bytes of at most {MANIFEST_MOST:,}")
        head = _decoded(member, Head)
        if head.format != FORMAT:
            raise refused(f"it is not a bundle of AgentHQ (format {head.format[:40]!r})")
        if head.version != VERSION:
            raise refused(f"its format has version {head.version}; this program reads version {VERSION}")
        return _decoded(member, Manifest)

    def _wrapping(self) -> Wrapping:
        mode = self.manifest.secrets
        if (mode == "kept") != self._backup:
            raise refused("it is a part of a backup: restore that" if mode == "kept" else "it is no part of a backup")
        if mode != "passphrase":
            return Wrapping(mode)
        if not self._passphrase:
            raise invalid(passphrase="this bundle holds secrets: give the passphrase it was made with")
        return secrets.wrapping(self._passphrase, self.manifest.salt)

    def _rows(self, member: Member, rest: str) -> Rows:
        name, _, number = rest.partition("/")
        shape = self._tables.turn(name, number)
        found = shapes.decode(shape, member.content, member.name)
        self._tables.add(shape, found, member.name)
        rows = [dict(zip(shape.columns, row, strict=True)) for row in found]
        if shape.kind.secret:
            self._secrets(shape, rows)
        return Rows(shape, rows)

    def _secrets(self, shape: Shape, rows: list[Row]) -> None:
        for row in rows:
            if self.wrapping.mode == "left" and any(row[name] for name in shape.kind.secret):
                raise refused(f"{shape.table.name} {row['id']} has a secret, and the manifest says that none is in it")
            if self.wrapping.mode == "passphrase" and row["secret"]:
                self.wrapping.secret(shape.table.name, row)

    def _segment(self, member: Member) -> Segment:
        pieces = _decoded(member, list[Piece])
        content = self._next(member.name.removesuffix(".json") + ".bin").content
        self._files.add(member.name, pieces, content)
        return Segment(pieces, content)

    def _end(self, member: Member) -> None:
        self.end = _decoded(member, End)
        for name, digest in self._digests.items():
            if self.end.members.get(name) != digest:
                raise refused(f"{name} is not what was written there: its digest differs")
        if gone := self.end.members.keys() - self._digests.keys():
            raise refused(f"{min(gone)[:80]!r} is missing")
        if self.end.rows != self._tables.counts:
            raise refused(f"its counts are wrong: {_difference(self.end.rows, self._tables.counts)}")
        if (self.end.files, self.end.bytes) != (self._files.count, self._files.size):
            raise refused(f"its counts are wrong: {self._files.count} files, and it says {self.end.files}")


class _Tables:
    """What the rows so far must have in common: order, no key twice, nothing that points nowhere."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._shapes: dict[str, Shape] = {}
        self._order: list[str] = []
        self._ids: dict[str, set[str]] = {}
        self._name = ""
        self._number = 0
        self._last: tuple[Any, ...] = ()
        # Of a table that refers to itself: what comes later than the row that names it.
        self._ahead: dict[str, str] = {}

    def expect(self, found: dict[str, Shape]) -> None:
        self._shapes, self._order = found, list(found)
        self.counts = dict.fromkeys(found, 0)
        self._ids = {table: set() for shape in found.values() for _, table in shape.references}

    def turn(self, name: str, number: str) -> Shape:
        """Whose rows come now."""
        if name not in self._shapes:
            raise refused(f"there are rows of a table that is not in the manifest ({name[:80]!r})")
        if name != self._name:
            if self._name and self._order.index(name) < self._order.index(self._name):
                raise refused(f"the rows of {name} come too late")
            self.finish()
            self._name, self._number, self._last = name, 0, ()
        self._number += 1
        if number != f"{self._number:06}.ndjson":
            raise refused(f"part {self._number} of the rows of {name} is missing: {number[:40]!r} is in its place")
        return self._shapes[name]

    def add(self, shape: Shape, rows: list[tuple[Any, ...]], member: str) -> None:
        name = shape.table.name
        own = self._ids.get(name)
        for row in rows:
            key = tuple(row[place] for place in shape.key)
            if self._last and key <= self._last:
                what = "twice" if key == self._last else "out of order"
                raise refused(f"{member} has a row {what} ({', '.join(map(str, key))[:120]})")
            self._last = key
            if own is not None:
                own.add(str(key[0]))
            for place, table in shape.references:
                self._follow(shape, row[place], table, member, shape.columns[place])
        self.counts[name] += len(rows)

    def finish(self) -> None:
        for value, where in self._ahead.items():
            if value not in self._ids[self._name]:
                raise refused(f"{where} points at a row that is not there ({value[:60]})")
        self._ahead = {}

    def _follow(self, shape: Shape, value: str | None, table: str, member: str, column: str) -> None:
        if value is None or value in self._ids[table]:
            return
        where = f"the column {column} in {member}"
        if table != shape.table.name:
            raise refused(f"{where} points at a row that is not there ({value[:60]})")
        self._ahead[value] = where


class _Files:
    """The files so far: whole, in order, none twice, none outside."""

    def __init__(self) -> None:
        self.count = self.size = 0
        self._number = 0
        self._open = ""
        self._at = 0
        self._last: list[tuple[int, str]] = []
        self._digest = hashlib.sha256()

    def add(self, member: str, pieces: list[Piece], content: bytes) -> None:
        self._number += 1
        if member != f"files/{self._number:06}.json":
            raise refused(f"part {self._number} of the files is missing: {member[:80]!r} is in its place")
        if len(pieces) > folder.MOST_PIECES or sum(piece.size for piece in pieces) != len(content):
            raise refused(f"{member} does not fit the bytes that follow it")
        start = 0
        for piece in pieces:
            self._piece(piece, content[start : start + piece.size])
            start += piece.size

    def finish(self) -> None:
        if self._open:
            raise refused(f"the file {self._open[:120]!r} has no end")

    def _piece(self, piece: Piece, content: bytes) -> None:
        if not self._open:
            self._begin(piece.path)
        if (piece.path, piece.at, len(content)) != (self._open, self._at, piece.size):
            raise refused(f"the file {piece.path[:120]!r} is not whole")
        self._at += len(content)
        self.size += len(content)
        self._digest.update(content)
        if piece.last:
            self._close(piece.path)

    def _begin(self, path: str) -> None:
        if not folder.sound(path):
            raise refused(f"{path[:120]!r} is not the path of a file that a tenant may have")
        place = folder.place(path)
        if place <= self._last:
            raise refused(f"the file {path[:120]!r} is there twice, or out of order")
        self._open, self._at, self._last, self._digest = path, 0, place, hashlib.sha256()

    def _close(self, path: str) -> None:
        wanted = folder.blob(path)
        if wanted and self._digest.hexdigest() != wanted:
            raise refused(f"the kept value {wanted[:12]} is not what its name says")
        self._open, self.count = "", self.count + 1


def _decoded(member: Member, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(member.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(f"{member.name[:80]} can't be read ({error})") from error


def _difference(said: dict[str, int], found: dict[str, int]) -> str:
    name = min(name for name in said.keys() | found.keys() if said.get(name) != found.get(name))
    return f"{found.get(name, 0)} rows of {name[:80]}, and it says {said.get(name, 0)}"
