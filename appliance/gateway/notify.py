"""Outbound webhooks and ntfy: one POST, signed or with a token. The address is checked after DNS, and then called.

Signatures follow Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over id, timestamp and body.
"""

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from msgspec import Struct

from appliance.gateway.addresses import forbidden, private

if TYPE_CHECKING:
    from collections.abc import Mapping

TOTAL_S = 15.0
ANSWER_LIMIT = 2000
SECRET = "whsec_"


class Undelivered(Exception):
    """It did not arrive, or nobody knows; the text is a sentence for people.

    `again` says whether it may be tried again, `closed` that everything else that goes the same way would fail too.
    """

    def __init__(self, detail: str, *, again: bool = True, closed: bool = False) -> None:
        self.again = again
        self.closed = closed
        super().__init__(detail)


class Posting(Struct, frozen=True):
    """`private` allows addresses that are not of the public internet; link-local ones are never called."""

    url: str
    headers: "Mapping[str, str]"
    body: bytes
    private: bool = False


def signed(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks; `timestamp` in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(SECRET))
    text = f"{message_id}.{timestamp}.".encode() + body
    mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{mac}"}


def refusal(host: str, address: str, allow_private: bool) -> str:
    """Why `host` at `address` may not be called; "" when it may."""
    if forbidden(address):
        return f"{host} is {address}: link-local and metadata addresses are never called."
    if private(address) and not allow_private:
        return f"{host} is {address}, which is not public. An admin can add a channel that may go there."
    return ""


def judged(status: int, answer: str) -> str:
    """What a status means, in words. Raises Undelivered: for ever when the receiver is gone (410)."""
    if 200 <= status < 300:
        return f"Answered {status}."
    said = f"Answered {status}" + (f": {' '.join(answer.split())[:200]}" if answer.strip() else "")
    raise Undelivered(said, again=status != 410, closed=status in (401, 403, 404, 429) or status >= 500)
