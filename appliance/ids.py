"""Identifiers: time-sortable (UUIDv7, RFC 9562 §5.7) for rows, random for secrets."""

import os
import secrets
import threading
import time

# Asking the system gives other threads the interpreter, and that costs more than all else here.
_POOL = 4096
_lock = threading.Lock()
_last = [0]
_random: list[bytes] = []
# A copy of this process must not make the same identifiers.
os.register_at_fork(after_in_child=_random.clear)


def new() -> str:
    """A UUIDv7 as 36 characters of text; ids made by one process sort in the order they were made."""
    with _lock:
        # 12 bits below the millisecond keep the order inside one millisecond.
        stamp = _last[0] = max(time.time_ns() * 4096 // 1_000_000, _last[0] + 1)
        if not _random:
            fresh = os.urandom(_POOL)
            _random.extend(fresh[at : at + 8] for at in range(0, _POOL, 8))
        drawn = _random.pop()
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62
    value |= int.from_bytes(drawn, "big") >> 2
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def token(prefix: str = "") -> str:
    """A secret of 256 bits, URL-safe, with an optional readable prefix."""
    return prefix + secrets.token_urlsafe(32)
