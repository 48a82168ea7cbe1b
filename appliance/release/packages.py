"""A release as one file: a tar with the manifest, its signature and the program.

The signature is checked before the manifest is read, and the manifest's digest before the program is touched.
"""

import hashlib
import io
import os
import platform
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import msgspec

from appliance import clock
from appliance.crypto import signatures
from appliance.errors import Problem
from appliance.release import layout

MEMBERS = ("manifest.json", "manifest.sig", "program")
MANIFEST_MOST = 65536
PROGRAM_MOST = 2**30
PIECE = 2**20
CONTEXT = b"agenthq-release-1\n"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kind` says whether the program is the single file or the folder as tar.gz; `libc` is the oldest it runs on."""

    product: Literal["agenthq"]
    version: str
    platform: str
    libc: str
    kind: Literal["file", "folder"]
    sha256: str
    size: int
    made_at: str


def write(program: Path, version: str, private: str, target: Path, on: str = "", libc: str = "") -> Manifest:
    """Sign a program, which is the single file or a tar.gz of the folder, into `target`."""
    kind: Literal["file", "folder"] = "folder" if program.name.endswith(".tar.gz") else "file"
    with program.open("rb") as content:
        digest = _digest(content)
    size = program.stat().st_size
    made = Manifest("agenthq", version, on or this_platform(), libc, kind, digest, size, clock.iso())
    text = msgspec.json.format(msgspec.json.encode(made), indent=2)
    signed = signatures.sign(private, CONTEXT + text).encode()
    with tarfile.open(target, "w") as tar:
        for name, body in zip(MEMBERS, (text, signed), strict=False):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
        tar.add(program, arcname=MEMBERS[2])
    return made


def read(path: Path, public: str) -> Manifest:
    """What the file holds, with signature, platform and digest checked. Raises Problem, saying which is wrong."""
    if not public:
        raise Problem("config", "Set update_key to the public key of whoever makes your releases.")
    with _opened(path) as tar:
        text, signature = (_small(tar, name) for name in MEMBERS[:2])
        signatures.require_signature(public, CONTEXT + text, signature.decode("ascii", "replace"))
        found = _manifest(text)
        _require_platform(found)
        if _member(tar, MEMBERS[2], PROGRAM_MOST).size != found.size or _digest(_content(tar)) != found.sha256:
            raise Problem("bad_signature", "The program in the file is not the one whose digest was signed.")
    return found


def unpack(path: Path, manifest: Manifest, folder: Path) -> Path:
    """The program out of a file that `read` has checked, ready for `layout.lay_out`."""
    target = folder / layout.PROGRAM
    with _opened(path) as tar:
        _copy(_content(tar), target)
    # Again, of what lies here now: the file may have been changed since it was checked.
    with target.open("rb") as content:
        if _digest(content) != manifest.sha256:
            raise Problem("bad_signature", "The program in the file is not the one whose digest was signed.")
    if manifest.kind == "folder":
        return _folder(target, folder / "folder")
    target.chmod(0o755)
    return target


def this_platform() -> str:
    return f"{platform.system().lower()}-{platform.machine()}"


def _folder(archive: Path, target: Path) -> Path:
    try:
        with tarfile.open(archive, mode="r:gz") as inner:
            if hasattr(tarfile, "data_filter"):
                inner.extractall(target, filter="data")
            else:
                _extract(inner, target)
    except (tarfile.TarError, OSError) as error:
        raise Problem("usage", f"The folder in the file can't be unpacked: {error}.") from error
    found = [path.parent for path in target.glob(f"*/{layout.PROGRAM}")]
    if len(found) != 1:
        raise Problem("usage", "The folder in the file holds no program.")
    return found[0]


def _extract(inner: tarfile.TarFile, target: Path) -> None:
    """What the filter does, for Pythons before 3.11.4, which have none: nothing leads out of the folder."""
    home = Path(os.path.realpath(target))
    for member in inner:
        place = home / member.name
        ends = [place] if member.isreg() or member.isdir() else [place.parent / member.linkname, place]
        known = member.isreg() or member.isdir() or member.issym()
        # Links that were unpacked before it count.
        if not known or not all(Path(os.path.realpath(end)).is_relative_to(home) for end in ends):
            raise tarfile.TarError(f"{member.name} leads out of it")
        inner.extract(member, home)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Problem("usage", f"{path} is not a release of AgentHQ: {error}.") from error


def _member(tar: tarfile.TarFile, name: str, most: int) -> tarfile.TarInfo:
    try:
        member = tar.getmember(name)
    except KeyError as error:
        raise Problem("usage", f"The file is not a release of AgentHQ: it has no {name}.") from error
    if not member.isreg() or member.size > most:
        raise Problem("usage", f"The file is not a release of AgentHQ: its {name} is not what it should be.")
    return member


def _small(tar: tarfile.TarFile, name: str) -> bytes:
    found = tar.extractfile(_member(tar, name, MANIFEST_MOST))
    return found.read() if found else b""


def _content(tar: tarfile.TarFile) -> IO[bytes]:
    found = tar.extractfile(_member(tar, MEMBERS[2], PROGRAM_MOST))
    assert found is not None
    return found


def _manifest(text: bytes) -> Manifest:
    try:
        found = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise Problem("usage", f"The manifest can't be read by this version: {error}.") from error
    if not layout.VERSION.fullmatch(found.version):
        raise Problem("usage", f"The manifest names no version: '{found.version}'.")
    return found


def _require_platform(found: Manifest) -> None:
    if found.platform != this_platform():
        raise Problem("conflict", f"The release is for {found.platform}; this machine is {this_platform()}.")
    here = platform.libc_ver()[1]
    if found.libc and here and _numbers(here) < _numbers(found.libc):
        raise Problem("conflict", f"The release needs glibc {found.libc}; this machine has {here}.")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _digest(content: IO[bytes]) -> str:
    made = hashlib.sha256()
    while piece := content.read(PIECE):
        made.update(piece)
    return made.hexdigest()


def _copy(content: IO[bytes], target: Path) -> None:
    with target.open("wb") as out:
        while piece := content.read(PIECE):
            out.write(piece)
