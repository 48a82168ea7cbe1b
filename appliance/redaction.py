"""Secrets are taken out of everything that is stored or logged by their value, wherever they may have come from.

What this process has sealed or opened is known here, by tenant: a tenant's database is cleaned of its own secrets, so
that nobody can blot out words in the data of others; the log is cleaned of all.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

MARK = "[secret]"
SHORTEST = 8
# From this length on even letters alone are no word that anything else is called by.
NO_WORD = 20
_spellings: dict[str, tuple[str, ...]] = {}


def remember(secret: str, tenant_id: str) -> None:
    """Never let this value out again. What could be a plain word is not a secret worth damaging a row for."""
    known = _spellings.get(tenant_id, ())
    if not _plain(secret) and secret not in known:
        _spellings[tenant_id] = (*known, *dict.fromkeys((secret, quote(secret, safe=""), *_in_base64(secret))))


def clean(text: str, tenant_id: str) -> str:
    """`text` without this tenant's secrets."""
    return _clean(text, _spellings.get(tenant_id, ()))


def clean_log(text: str) -> str:
    """`text` without anybody's secrets."""
    for known in tuple(_spellings.values()):
        text = _clean(text, known)
    return text


def clean_all(values: Mapping[str, Any], tenant_id: str) -> Mapping[str, Any]:
    """The same values without secrets; they are looked through as one text, so that nothing to find costs little."""
    known = _spellings.get(tenant_id, ())
    if not known or not _any([value for value in values.values() if isinstance(value, str)], known):
        return values
    return {name: _clean(value, known) if isinstance(value, str) else value for name, value in values.items()}


def clean_list(values: list[Any], tenant_id: str) -> list[Any]:
    """The same for values without names."""
    known = _spellings.get(tenant_id, ())
    if not known or not _any([value for value in values if isinstance(value, str)], known):
        return values
    return [_clean(value, known) if isinstance(value, str) else value for value in values]


def _plain(secret: str) -> bool:
    """Short, or such as "succeeded", "lm-studio" and "12345678", which people type where no key is needed."""
    mixed = any(c.isdigit() for c in secret) and any(c.isalpha() for c in secret)
    return len(secret) < SHORTEST or (len(secret) < NO_WORD and not mixed)


def _clean(text: str, known: Iterable[str]) -> str:
    for spelling in known:
        if spelling in text:
            text = text.replace(spelling, MARK)
    return text


def _any(texts: Iterable[str], known: Iterable[str]) -> bool:
    joined = "\0".join(texts)
    return any(spelling in joined for spelling in known)


def _in_base64(secret: str) -> list[str]:
    """What of the secret shows in base64, at each of the three places it can have in a group."""
    found = []
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        whole = coded[(before * 8 + 5) // 6 :]
        found.append(whole[: len(whole) - (len(whole) > 1)])
    return found
