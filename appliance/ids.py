"""Identifiers: time-sortable (UUIDv7, RFC 9562 §5.7) for rows, random for secrets."""

import os
import secrets
import threading
import time

_lock = threading.Lock()
_last = [0]


def new() -> str:
    """A UUIDv7 as 36 characters of text; ids made by one process sort in the order they were made."""
    with _lock:
        # 12 bits below the millisecond keep the order inside one millisecond.
        stamp = _last[0] = max(time.time_ns() * 4096 // 1_000_000, _last[0] + 1)
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62
    value |= int.from_bytes(os.urandom(8), "big") >> 2
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def token(prefix: str = "") -> str:
    """A secret of 256 bits, URL-safe, with an optional readable prefix."""
    return prefix + secrets.token_urlsafe(32)
