"""Blobs: values too long for a row, kept once each as a file named after the digest of its bytes."""

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec

from appliance import clock, ids, redaction
from appliance.db.database import Database
from appliance.domain.workspace import FULL
from appliance.errors import Problem

LIGHT = 32 * 1024
MOST = 16 * 1024 * 1024


def keep(db: Database, files: Path, text: str) -> str:
    """Store `text` under the tenant's folder `files`; its digest. The row commits with the open transaction.

    Raises Problem(too_large) above 16 MiB and Problem(disk_full).
    """
    content = redaction.clean(text, db.name).encode()
    if len(content) > MOST:
        told = f"The value has {len(content):,} bytes; a step may keep {MOST:,}. Use a file instead."
        raise Problem("too_large", told)
    digest = hashlib.sha256(content).hexdigest()
    path = _path(files, digest)
    if not path.exists():
        _write(path, content)
    db.upsert("blobs", {"digest": digest, "size": len(content), "created_at": clock.iso()}, ("digest",))
    return digest


def read(files: Path, digest: str) -> str:
    """Raises Problem(unavailable) when the file is gone or no longer what it was."""
    try:
        content = _path(files, digest).read_bytes()
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise Problem("unavailable", f"The stored value {digest[:12]} is missing or damaged. Restore it from a backup.")
    return content.decode()


def lighten(db: Database, files: Path, value: Any) -> Any:
    """The value itself, or {"blob", "size"} for one of over 32 KB, stored in the open transaction."""
    text = msgspec.json.encode(value).decode()
    return value if len(text) <= LIGHT else {"blob": keep(db, files, text), "size": len(text)}


def restore(files: Path, value: Any) -> Any:
    """What `lighten` was given."""
    if isinstance(value, dict) and value.keys() == {"blob", "size"}:
        return msgspec.json.decode(read(files, value["blob"]))
    return value


def _path(files: Path, digest: str) -> Path:
    return files / "blobs" / digest[:2] / digest


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: the name appears when the bytes are on the disk."""
    partial = path.with_name(f"{path.name}.{ids.new()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        if error.errno in FULL:
            raise Problem("disk_full", "The disk is full: the step was not recorded. Free some space.") from error
        raise Problem("unavailable", f"The value can't be stored ({error.strerror}).") from error
