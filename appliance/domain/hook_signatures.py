"""How a sender proves that it knows the secret of a hook: the schemes in use, each as one function of one shape.

GitHub: docs.github.com, "Validating webhook deliveries". Stripe: docs.stripe.com, "Verify webhook signatures manually".
Slack: api.slack.com, "Verifying requests from Slack". Standard: standardwebhooks.com, the symmetric part.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from appliance import ids
from appliance.errors import Problem, invalid

TOLERANCE_MAX_S = 3600
SECRET_LIMIT = 500
ENCODINGS = ("hex", "base64")
_STANDARD = "whsec_"


class Signing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scheme` is "", github, stripe, slack, standard or header.

    `header`, `encoding` and `prefix` (what stands before the digest) are those of the scheme `header`: HMAC-SHA256 of
    the body. `tolerance_s` is how far the time that the sender signed may be from ours, in seconds, either way.
    """

    scheme: str = ""
    header: str = ""
    encoding: str = "hex"
    prefix: str = ""
    tolerance_s: int = 300


class Signed(NamedTuple):
    """What a request claims: the signed bytes, the digests given, the time signed in seconds since 1970, if any."""

    message: bytes
    digests: list[bytes]
    at: int | None = None


Headers = Mapping[str, str]


def verify(signing: Signing, secrets: list[str], headers: Headers, body: bytes, now: float) -> None:
    """`headers` by lower-case name, `now` in seconds since 1970. Raises Problem(bad_signature) with the reason."""
    if not signing.scheme:
        return
    claimed = SCHEMES[signing.scheme](signing, headers, body)
    keys = [_key(signing.scheme, secret) for secret in secrets]
    ours = [hmac.digest(key, claimed.message, hashlib.sha256) for key in keys]
    # All are compared, in constant time each, so that the time says nothing about any.
    if not any([hmac.compare_digest(mine, theirs) for mine in ours for theirs in claimed.digests]):
        raise Problem("bad_signature", "The signature does not fit the body and the secret.")
    if claimed.at is not None and abs(now - claimed.at) > signing.tolerance_s:
        side = "ago" if claimed.at < now else "ahead"
        far = f"{abs(now - claimed.at):.0f} seconds {side}; {signing.tolerance_s} are allowed"
        raise Problem("bad_signature", f"It was signed {far}. Send it anew, and compare the clocks.")


def check(signing: Signing) -> None:
    """Raises Problem(invalid) with the field at fault."""
    if signing.scheme and signing.scheme not in SCHEMES:
        raise invalid(scheme=f"use one of {', '.join(SCHEMES)}, or leave it out")
    if signing.scheme == "header" and not _is_header(signing.header):
        raise invalid(header="name the header that holds the signature, such as X-Signature")
    if signing.encoding not in ENCODINGS:
        raise invalid(encoding="use hex or base64")
    if not 1 <= signing.tolerance_s <= TOLERANCE_MAX_S:
        raise invalid(tolerance_s=f"give seconds from 1 to {TOLERANCE_MAX_S}")


def check_secret(scheme: str, secret: str) -> None:
    """Raises Problem(invalid) for one that signs nothing."""
    if not 8 <= len(secret) <= SECRET_LIMIT or not secret.isprintable():
        raise invalid(secret=f"give 8 to {SECRET_LIMIT} characters")
    if scheme == "standard" and not _decoded(secret.removeprefix(_STANDARD)):
        raise invalid(secret="is not base64, with or without whsec_ before it")


def new_secret(scheme: str) -> str:
    """32 random bytes, written as the scheme writes them."""
    token = ids.token()
    if scheme != "standard":
        return token
    return _STANDARD + base64.b64encode(base64.urlsafe_b64decode(token + "=")).decode()


def _github(_: Signing, headers: Headers, body: bytes) -> Signed:
    return Signed(body, [_hex(_need(headers, "X-Hub-Signature-256").removeprefix("sha256="))])


def _stripe(_: Signing, headers: Headers, body: bytes) -> Signed:
    parts = [part.strip().partition("=") for part in _need(headers, "Stripe-Signature").split(",")]
    stamp = next((value for name, _, value in parts if name == "t"), "")
    at = _time(stamp, "Stripe-Signature")
    return Signed(f"{stamp}.".encode() + body, [_hex(value) for name, _, value in parts if name == "v1"], at)


def _slack(_: Signing, headers: Headers, body: bytes) -> Signed:
    stamp = _need(headers, "X-Slack-Request-Timestamp")
    given = _need(headers, "X-Slack-Signature").removeprefix("v0=")
    return Signed(f"v0:{stamp}:".encode() + body, [_hex(given)], _time(stamp, "X-Slack-Request-Timestamp"))


def _standard(_: Signing, headers: Headers, body: bytes) -> Signed:
    name, stamp = _need(headers, "webhook-id"), _need(headers, "webhook-timestamp")
    given = [one.partition(",") for one in _need(headers, "webhook-signature").split()]
    digests = [_decoded(value) for version, _, value in given if version == "v1"]
    return Signed(f"{name}.{stamp}.".encode() + body, digests, _time(stamp, "webhook-timestamp"))


def _header(signing: Signing, headers: Headers, body: bytes) -> Signed:
    given = _need(headers, signing.header).removeprefix(signing.prefix)
    return Signed(body, [_hex(given) if signing.encoding == "hex" else _decoded(given)])


SCHEMES: dict[str, Callable[[Signing, Headers, bytes], Signed]] = {
    "github": _github,
    "stripe": _stripe,
    "slack": _slack,
    "standard": _standard,
    "header": _header,
}


def _key(scheme: str, secret: str) -> bytes:
    return _decoded(secret.removeprefix(_STANDARD)) if scheme == "standard" else secret.encode()


def _need(headers: Headers, name: str) -> str:
    value = headers.get(name.lower(), "").strip()
    if not value:
        raise Problem("bad_signature", f"The header {name} is missing.")
    return value


def _time(text: str, header: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Problem("bad_signature", f"The header {header} has no time in seconds.")
    return int(text)


def _hex(text: str) -> bytes:
    """b"" for what is no digest, which nothing fits."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_header(name: str) -> bool:
    return 0 < len(name) <= 100 and all(c.isascii() and (c.isalnum() or c in "-_") for c in name)
