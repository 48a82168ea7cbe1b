"""Secrets are taken out of everything that is stored or logged by their value, wherever they may have come from.

What this process has sealed or opened is known here; the databases and the log pass every text through `clean`.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

MARK = "[secret]"
SHORTEST = 8
_spellings: tuple[str, ...] = ()


def remember(secret: str) -> None:
    """Never let this value out again; shorter ones than eight characters would hit plain words."""
    global _spellings
    if len(secret) >= SHORTEST and secret not in _spellings:
        _spellings += tuple(dict.fromkeys((secret, quote(secret, safe=""), *_in_base64(secret))))


def clean(text: str) -> str:
    for spelling in _spellings:
        if spelling in text:
            text = text.replace(spelling, MARK)
    return text


def clean_all(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same values without secrets; they are looked through as one text, so that nothing to find costs little."""
    if not _spellings or not _any(value for value in values.values() if isinstance(value, str)):
        return values
    return {name: clean(value) if isinstance(value, str) else value for name, value in values.items()}


def _any(texts: Iterable[str]) -> bool:
    joined = "\0".join(texts)
    return any(spelling in joined for spelling in _spellings)


def _in_base64(secret: str) -> list[str]:
    """What of the secret shows in base64, at each of the three places it can have in a group."""
    found = []
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        whole = coded[(before * 8 + 5) // 6 :]
        found.append(whole[: len(whole) - (len(whole) > 1)])
    return found
