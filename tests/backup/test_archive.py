"""A backup file: whatever happened to it on the way is found before anything of it is used."""

import random
import struct
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance import crypto, frames
from appliance.backup import archive
from appliance.backup.archive import Manifest
from appliance.crypto import Vault
from appliance.errors import Problem

MASTER = bytes(range(32))
VAULT = Vault(MASTER, lambda _: "")
SECRET = b"sk-canary-7f3a9"


class Made(NamedTuple):
    file: Path
    manifest: Manifest


def made(folder: Path, name: str = "one", content: bytes = b"database " + SECRET) -> Made:
    source = folder / name
    (source / "files" / "blobs").mkdir(parents=True)
    (source / "db").write_bytes(content)
    (source / "files" / "blobs" / "note").write_bytes(b"note " + SECRET)
    manifest = Manifest(name, "acme", "2026-01-01", "1", 1, {"tasks": 3}, 1, 0, {"slug": "acme"})
    out = folder / f"{name}.ahqb"
    archive.write(out, VAULT, manifest, source / "db", source / "files")
    return Made(out, manifest)


def refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(Problem) as caught:
        archive.unpack(file, VAULT)
    assert caught.value.code in ("unavailable", "locked")


def frames_of(content: bytes) -> tuple[bytes, list[bytes]]:
    """The header, and the frames with their lengths."""
    at = 10 + struct.unpack(">I", content[6:10])[0]
    head, found = content[:at], []
    while at < len(content):
        size = 4 + struct.unpack(">I", content[at : at + 4])[0]
        found.append(content[at : at + size])
        at += size
    return head, found


def large(folder: Path, name: str) -> tuple[Path, bytes, list[bytes]]:
    """A backup of four frames."""
    file = made(folder, name, random.Random(name).randbytes(3 * frames.SIZE)).file
    head, found = frames_of(file.read_bytes())
    assert len(found) == 4
    return file, head, found


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    file, manifest = made(tmp_path)
    (tmp_path / "out").mkdir()

    found = archive.unpack(file, VAULT, tmp_path / "out")

    assert (found.counts, found.tenant, found.id) == (manifest.counts, manifest.tenant, "one")
    assert [part.name for part in found.parts] == ["tenant.db", "files/blobs/note"]
    assert (tmp_path / "out" / "tenant.db").read_bytes() == b"database " + SECRET
    assert (tmp_path / "out" / "files" / "blobs" / "note").read_bytes() == b"note " + SECRET


def test_every_single_changed_byte_is_found(tmp_path: Path) -> None:
    file = made(tmp_path).file
    whole = file.read_bytes()

    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0x01
        refused(file, bytes(changed))
    assert len(whole) > 300


def test_a_file_cut_anywhere_is_found(tmp_path: Path) -> None:
    file = made(tmp_path).file
    whole = file.read_bytes()

    for end in range(len(whole)):
        refused(file, whole[:end])


def test_frames_left_out_doubled_or_in_another_order_are_found(tmp_path: Path) -> None:
    file, head, (one, two, three, last) = large(tmp_path, "one")

    for order in ([one], [one, two], [one, two, three], [two, one, three, last], [one, three, last], [last]):
        refused(file, head + b"".join(order))
    for order in ([one, one, two, three, last], [one, two, three, last, last], [one, two, three, last, three]):
        refused(file, head + b"".join(order))


def test_frames_and_headers_of_another_backup_are_found(tmp_path: Path) -> None:
    file, head, (one, two, three, last) = large(tmp_path, "one")
    _, other_head, others = large(tmp_path, "two")

    refused(file, head + b"".join([one, others[1], three, last]))
    refused(file, head + b"".join([one, two, three, others[3]]))
    refused(file, other_head + b"".join([one, two, three, last]))


def test_bytes_after_the_end_are_found(tmp_path: Path) -> None:
    file = made(tmp_path).file
    refused(file, file.read_bytes() + b"\0")


def test_nothing_of_the_content_stands_in_the_clear(tmp_path: Path) -> None:
    whole = made(tmp_path).file.read_bytes()
    assert SECRET not in whole
    assert b"note" not in whole


def test_another_master_key_does_not_open_it(tmp_path: Path) -> None:
    file = made(tmp_path).file
    with pytest.raises(Problem) as caught:
        archive.unpack(file, Vault(crypto.new_key(), lambda _: ""))
    assert caught.value.code == "locked"


def test_a_link_that_leads_out_of_the_folder_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "outside").write_text("not yours")
    (tmp_path / "files" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "db").write_bytes(b"x")
    manifest = Manifest("id", "acme", "2026", "1", 1, {}, 1, 0, {})

    archive.write(tmp_path / "a.ahqb", VAULT, manifest, tmp_path / "db", tmp_path / "files")

    assert [part.name for part in archive.unpack(tmp_path / "a.ahqb", VAULT).parts] == ["tenant.db"]
