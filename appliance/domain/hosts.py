"""The hosts whose pages agents and checks may read. The list is empty until a person adds to it.

`example.com` allows ports 80 and 443, `localhost:3000` that port, `*.example.com` every host below that one; with
`private ` before it, at addresses that are not public too.
"""

import re
from ipaddress import IPv6Address

from appliance.db.database import Database
from appliance.domain import preferences
from appliance.domain.actor import Actor
from appliance.errors import invalid, not_found

PREFERENCE = "http_allow"
PRIVATE = "private "
MOST = 500
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*(?::(\d{{1,5}}))?")
_SIX = re.compile(r"\[([0-9a-f:.]+)\](?::(\d{1,5}))?")


def allowed(db: Database) -> list[str]:
    """Sorted."""
    return sorted(preferences.get(db, PREFERENCE, []))


def allow(db: Database, actor: Actor, host: str, private: bool = False) -> list[str]:
    """Add one, or change whether it may be `private`; the list. Raises Problem(invalid) for what is no host."""
    actor.need("admin")
    plain = _plain(host)
    with db.transaction():
        kept = sorted({*allowed(db)} - _both(plain) | {PRIVATE + plain if private else plain})
        if len(kept) > MOST:
            raise invalid(host=f"there are {MOST} hosts on the list; remove some first")
        preferences.put(db, actor, PREFERENCE, kept)
    return kept


def refuse(db: Database, actor: Actor, host: str) -> list[str]:
    """Take one off; the list after it. Raises Problem(not_found)."""
    actor.need("admin")
    with db.transaction():
        before = allowed(db)
        kept = [one for one in before if one not in _both(host.strip().lower().removeprefix(PRIVATE))]
        if kept == before:
            raise not_found("host on the list")
        preferences.put(db, actor, PREFERENCE, kept)
    return kept


def _both(host: str) -> set[str]:
    return {host, PRIVATE + host}


def _plain(host: str) -> str:
    plain = host.strip().lower().rstrip(".")
    six = _SIX.fullmatch(plain)
    found = six or _NAME.fullmatch(plain)
    port = found[found.re.groups] if found else None
    if found is None or len(plain) > 253 or (six and not _is_six(six[1])) or not 0 < int(port or 80) < 65536:
        raise invalid(host="give a host such as example.com, localhost:3000 or *.example.com, without http:// and path")
    return plain


def _is_six(text: str) -> bool:
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False
