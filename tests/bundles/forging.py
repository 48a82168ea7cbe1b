"""A sound bundle taken apart, to be put together with something wrong in it."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from typing import Any

import msgspec
import zstandard

from appliance.bundles.container import header
from appliance.bundles.manifest import encode


class Forged:
    """`members` in order, without end.json; `end` is made for them anew unless a test changes it."""

    def __init__(self, packed: bytes) -> None:
        with tarfile.open(fileobj=io.BytesIO(unpack(packed))) as tar:
            self.members = [(info.name, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]
        self.end: dict[str, Any] = msgspec.json.decode(self.members.pop()[1])
        self.sign = True

    def names(self, start: str) -> list[str]:
        return [name for name, _ in self.members if name.startswith(start)]

    def put(self, name: str, content: bytes) -> None:
        self.members = [(n, content if n == name else c) for n, c in self.members]

    def get(self, name: str) -> bytes:
        return dict(self.members)[name]

    def drop(self, name: str) -> None:
        self.members = [(n, c) for n, c in self.members if n != name]

    def after(self, name: str, new: str, content: bytes) -> None:
        place = [n for n, _ in self.members].index(name) + 1
        self.members.insert(place, (new, content))

    def manifest(self, change: Callable[[Any], Any]) -> None:
        said = msgspec.json.decode(self.get("manifest.json"))
        change(said)
        self.put("manifest.json", encode(said))

    def columns(self, table: str) -> list[str]:
        return list(msgspec.json.decode(self.get("manifest.json"))["tables"][table])

    def rows(self, table: str, change: Callable[[list[Any]], Any]) -> None:
        """Change the rows of a table; the counts follow."""
        name = f"rows/{table}/000001.ndjson"
        found = [msgspec.json.decode(line) for line in self.get(name).splitlines()]
        change(found)
        self.put(name, b"".join(msgspec.json.encode(row) + b"\n" for row in found))
        self.end["rows"][table] = len(found)

    def set(self, table: str, column: str, value: Any, row: int = 0) -> None:
        place = self.columns(table).index(column)
        self.rows(table, lambda found: found[row].__setitem__(place, value))

    def raw(self, table: str, old: bytes, new: bytes) -> None:
        name = f"rows/{table}/000001.ndjson"
        assert old in self.get(name)
        self.put(name, self.get(name).replace(old, new, 1))

    def tar(self) -> bytes:
        if self.sign:
            self.end["members"] = {name: hashlib.sha256(content).hexdigest() for name, content in self.members}
        parts = [member(name, content) for name, content in [*self.members, ("end.json", encode(self.end))]]
        return b"".join(parts) + bytes(1024)

    def pack(self) -> bytes:
        return pack(self.tar())


def member(name: str, content: bytes, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    head = header(name, len(content))
    if kind != tarfile.REGTYPE:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.mode = kind, link, 0o600
        head = info.tobuf(tarfile.USTAR_FORMAT)
    return head + content + bytes(-len(content) % 512)


def pack(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(content)


def unpack(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read()
