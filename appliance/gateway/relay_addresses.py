"""Where an account takes what a surface sends, and which headers go along."""

from collections.abc import Iterable
from functools import lru_cache

from yarl import URL

from appliance.gateway import anthropic, openai_compatible
from appliance.gateway.addresses import refusal
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.types import Account
from appliance.gateway.wires import KINDS

Headers = Iterable[tuple[bytes, bytes]]
_TOLD = frozenset(
    b"accept content-type conversation_id http-referer idempotency-key originator session-id session_id user-agent "
    b"version x-app x-title".split()
)
_FAMILIES = (b"x-stainless-", b"x-claude-code-", b"x-codex-")
_ANTHROPIC, _OPENAI = b"anthropic-", b"openai-beta"


@lru_cache(1000)
def url(kind: str, base_url: str, public_only: bool, path: str, query: str = "") -> URL:
    """The address of a surface's `path` at an account. Raises ProviderFailure for one that is not called."""
    given = base_url or KINDS[kind].base_url
    base = f"{anthropic.base(given)}/v1" if kind.startswith("anthropic") else openai_compatible.base(given)
    try:
        found = URL(base + path)
    except ValueError:
        raise ProviderFailure("provider_not_found", f"{given} is not a URL.", phase="connect") from None
    if found.scheme not in ("http", "https") or not found.host:
        raise ProviderFailure("provider_not_found", f"{given} is not an http or https URL.", phase="connect")
    if fault := refusal(found.host, found.host, public_only):
        raise ProviderFailure("provider_address_refused", fault, phase="connect")
    return found.with_query(query) if query else found


def headers(account: Account, sent: Headers) -> dict[str, str]:
    """What the tool says of itself and of its protocol, with the account's credential: never the tool's own, never its
    cookies, nor where it calls from."""
    kept = (*_FAMILIES, _ANTHROPIC if account.kind.startswith("anthropic") else _OPENAI)
    told = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in sent
        if name in _TOLD or name.startswith(kept)
    }
    told["accept-encoding"] = "identity"
    told.setdefault("content-type", "application/json")
    if not account.kind.startswith("anthropic"):
        return told | ({"authorization": f"Bearer {account.secret}"} if account.secret else {})
    told.setdefault("anthropic-version", anthropic.VERSION)
    if account.secret:
        told["x-api-key"] = account.secret
        if account.kind == "anthropic-compatible":
            # Imitations differ in which of the two they read.
            told["authorization"] = f"Bearer {account.secret}"
    return told
